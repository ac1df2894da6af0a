"""Configurations and tokenizers of the miniature models, made from their vocabularies' files."""

from dataclasses import dataclass

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from miniature import emotions

# Of every miniature: 4 layers of width 192, 4 heads, inner size 256.
_SIZE = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 4, "intermediate_size": 256}
_ROLES = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
_BERT_SPECIAL = dict(zip(_ROLES, ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), strict=True))
_ROBERTA_SPECIAL = dict(zip(_ROLES, ("<pad>", "<unk>", "<s>", "</s>", "<mask>"), strict=True))
_ROBERTA_SPECIAL |= {"bos_token": "<s>", "eos_token": "</s>"}
_DROPOUT = {"hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1}


@dataclass(frozen=True)
class Spec:
    """What sets a repo apart. kind: the model type; head: the architecture its config names; types: the token type
    of a pair's second sentence, None where it returns none; labels: the classes of a fine-tuned one."""

    kind: str
    head: str
    types: int | None
    wordpiece: bool = True
    lowercase: bool = False
    labels: tuple[str, ...] = ()

    @property
    def special(self) -> dict[str, str]:
        """The special tokens by their role."""
        return _ROBERTA_SPECIAL if self.kind == "roberta" and not self.wordpiece else _BERT_SPECIAL


SPECS = {
    "klue/bert-base": Spec("bert", "BertForMaskedLM", 1),
    "klue/roberta-base": Spec("roberta", "RobertaForMaskedLM", 0),
    "google-bert/bert-base-uncased": Spec("bert", "BertForMaskedLM", 1, lowercase=True),
    "google-bert/bert-base-cased": Spec("bert", "BertForMaskedLM", 1),
    "FacebookAI/roberta-base": Spec("roberta", "RobertaForMaskedLM", None, wordpiece=False),
    "answerdotai/ModernBERT-base": Spec("modernbert", "ModernBertForMaskedLM", None, wordpiece=False),
    "SamLowe/roberta-base-go_emotions": Spec(
        "roberta", "RobertaForSequenceClassification", None, wordpiece=False, labels=tuple(emotions.LABELS)
    ),
}


def tokenizer(repo: str, pieces: dict[str, int], merges: list[tuple[str, str]] | None = None) -> Tokenizer:
    """A tokenizer that splits and frames text as the model it stands for does. pieces: ids; merges: for byte-level."""
    spec = SPECS[repo]
    cls, sep = spec.special["cls_token"], spec.special["sep_token"]
    if spec.wordpiece:
        made = Tokenizer(models.WordPiece(pieces, unk_token=spec.special["unk_token"]))
        made.normalizer = normalizers.BertNormalizer(lowercase=spec.lowercase)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        made.decoder = decoders.WordPiece()
    else:
        made = Tokenizer(models.BPE(pieces, merges))
        if spec.kind == "modernbert":
            made.normalizer = normalizers.NFC()
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
    if spec.special is _ROBERTA_SPECIAL:
        made.post_processor = processors.RobertaProcessing(
            (sep, pieces[sep]), (cls, pieces[cls]), trim_offsets=True, add_prefix_space=False
        )
    else:
        second = spec.types or 0
        made.post_processor = processors.TemplateProcessing(
            single=f"{cls}:0 $A:0 {sep}:0",
            pair=f"{cls}:0 $A:0 {sep}:0 $B:{second} {sep}:{second}",
            special_tokens=[(cls, pieces[cls]), (sep, pieces[sep])],
        )
    made.add_special_tokens(
        [
            # in byte-level vocabularies the mask takes the space before it
            AddedToken(
                spec.special[role], lstrip=role == "mask_token" and not spec.wordpiece, normalized=False
            )
            for role in _ROLES
        ]
    )
    return made


def tokenizer_config(repo: str) -> dict:
    """What tokenizer_config.json holds: the class, the special tokens and the longest input."""
    spec = SPECS[repo]
    shared = {**spec.special, "model_max_length": 8192 if spec.kind == "modernbert" else 512}
    if spec.kind == "bert":
        return {"tokenizer_class": "BertTokenizer", "do_lower_case": spec.lowercase, **shared}
    if spec.special is _ROBERTA_SPECIAL:
        return {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": False, **shared}
    # BertTokenizer of transformers 5 gives 1 to a pair's second sentence whatever tokenizer.json says, and a
    # RoBERTa has no such embedding: the class that reads tokenizer.json as it stands keeps the zeros.
    names = ["input_ids", "token_type_ids", "attention_mask"]
    if spec.kind == "roberta":
        return {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "do_lower_case": False,
            "model_input_names": names,
            **shared,
        }
    names.remove("token_type_ids")
    return {"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": names, **shared}


def config(repo: str, pieces: dict[str, int]) -> dict:
    """What config.json holds. The weights are kept as float16; dtype says that they are loaded as float32."""
    spec = SPECS[repo]
    ids = {role.removesuffix("_token"): pieces[token] for role, token in spec.special.items()}
    shared = {"architectures": [spec.head], "dtype": "float32", "model_type": spec.kind, **_SIZE}
    shared |= {"initializer_range": 0.02, "pad_token_id": ids["pad"], "vocab_size": len(pieces)}
    if spec.kind == "bert":
        own = {**_DROPOUT, "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "type_vocab_size": 2}
    elif spec.kind == "roberta":
        own = {**_DROPOUT, "layer_norm_eps": 1e-12 if spec.wordpiece else 1e-5, "type_vocab_size": 1}
        own |= {"max_position_embeddings": 514, "bos_token_id": ids["cls"], "eos_token_id": ids["sep"]}
        own |= {"tokenizer_class": "BertTokenizer"} if spec.wordpiece else {}
    else:
        own = {"max_position_embeddings": 8192, "global_attn_every_n_layers": 3, "local_attention": 128}
        own |= {"cls_token_id": ids["cls"], "sep_token_id": ids["sep"]}
        own |= {"bos_token_id": ids["cls"], "eos_token_id": ids["sep"]}
    if spec.labels:
        own |= {
            "id2label": {str(number): label for number, label in enumerate(spec.labels)},
            "label2id": {label: number for number, label in enumerate(spec.labels)},
            "problem_type": "multi_label_classification",
        }
    return dict(sorted({**shared, **own}.items()))
