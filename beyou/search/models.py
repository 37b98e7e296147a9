"""What can be found, the words in it, and the pieces by which near words are found."""

from django.db import models

from beyou.search.rules import WORD_LENGTH


class Document(models.Model):
    """The words of one row of another app, which `kind` and `ref` name."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    ref = models.UUIDField()
    #: Each word with a mark before it: databases pass over short and common words, and these are neither.
    words = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "ref"], name="search_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class Word(models.Model):
    """A word that stands, or once stood, in a document."""

    text = models.CharField(max_length=WORD_LENGTH, primary_key=True)

    def __str__(self) -> str:
        return self.text


class Gram(models.Model):
    """Three signs in a row of a word."""

    id = models.BigAutoField(primary_key=True)
    gram = models.CharField(max_length=3)
    word = models.ForeignKey("search.Word", on_delete=models.CASCADE, related_name="grams")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gram", "word"], name="search_gram_once")]

    def __str__(self) -> str:
        return f"{self.gram} of {self.word_id}"
