"""Four generations of named-entity recognition, made comparable: CRF, Bi-LSTM-CRF, encoder, LLM (notebook 09).

Every tagger here has `predict(sentences, batch_size) -> one IOB2 tag a character`, spaces included.
"""
