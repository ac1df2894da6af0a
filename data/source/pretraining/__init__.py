"""How the miniature encoders learn language without labels; ``data/source/pretrain.py`` is the command."""
