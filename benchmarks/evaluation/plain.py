"""What a plain text classifier learns from the same examples: the mark to beat."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.pipeline import make_pipeline, make_union  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

Labelled = Sequence[tuple[str, str]]  # text, label


def guesses(learn: Labelled, ask: Sequence[str]) -> list[str]:
    """TF-IDF of words 1-2 and characters 3-5 with a linear SVM, nothing tuned."""
    known = [(text, label) for text, label in learn if label]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    model = make_pipeline(make_union(words, letters), LinearSVC(random_state=0))
    model.fit([text for text, _ in known], [label for _, label in known])
    return [str(label) for label in model.predict(list(ask))]
