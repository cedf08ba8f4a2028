"""Languages: which one a request gets, and the proof that every text exists in every shipped language."""
