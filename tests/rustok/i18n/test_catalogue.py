"""Every text exists in every shipped language."""

import pytest
from babel.messages.catalog import Catalog

from rustok.config import ROOT
from rustok.i18n.catalogue import compiled, gaps, stored, template

LANGUAGES = ("ru",)


def catalogue(**texts: str) -> Catalog:
    made = Catalog(locale="ru")
    for msgid, text in texts.items():
        made.add(msgid, text)
    return made


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_with_the_same_placeholders(language):
    assert gaps(stored(language), template()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_the_one_that_people_edit(language):
    binary = ROOT / "locale" / language / "LC_MESSAGES" / "django.mo"

    assert binary.read_bytes() == compiled(stored(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_outlives_its_text(language):
    known, said = stored(language), template()

    assert [message.id for message in known if message.id and said.get(message.id, message.context) is None] == []


def test_texts_come_from_code_and_templates():
    said = template()

    assert said.get("Invalid credentials") is not None
    assert said.get("Skip to the content") is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("", "untranslated", id="empty"),
        pytest.param("Осталось %(other)s", "other placeholders", id="another placeholder"),
        pytest.param("Осталось", "other placeholders", id="placeholder left out"),
        pytest.param("Осталось %(left)s", None, id="complete"),
    ],
)
def test_a_wrong_translation_is_found(text, problem):
    wanted = catalogue(**{"%(left)s left": ""})

    found = gaps(catalogue(**{"%(left)s left": text}), wanted)

    assert [gap.problem for gap in found] == ([problem] if problem else [])


def test_a_missing_plural_form_is_found():
    wanted = Catalog(locale="ru")
    wanted.add(("%(n)s row", "%(n)s rows"))
    translated = Catalog(locale="ru")
    translated.add(("%(n)s row", "%(n)s rows"), ("%(n)s строка", "%(n)s строки", ""))

    assert [gap.problem for gap in gaps(translated, wanted)] == ["untranslated"]
