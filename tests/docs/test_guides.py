"""Every guide is executed from top to bottom against a real shop, in one transaction that is rolled back."""

import shlex

import pytest
from django.core.management import call_command

from apps.security.services import create_api_key
from rustok.context import ExecutionContext, use
from tests.docs.snippets import compare_bodies, filled, message, snippets
from tests.support.sources import ROOT

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))


class Reader:
    """Does what a guide says."""

    def __init__(self, client, names):
        self.client, self.names, self.last = client, names, None
        self.namespace = {}

    def follow(self, snippet):
        place = f"{snippet.file.name}:{snippet.line}"
        if snippet.language == "http":
            self.speak(message(snippet.text, self.names), place)
        elif snippet.language == "python":
            exec(compile(filled(snippet.text, self.names), place, "exec"), self.namespace)  # our own guides
            self.names |= {n: v for n, v in self.namespace.items() if n.isupper() and isinstance(v, str)}
        else:
            self.command(snippet.text)

    def speak(self, said, place):
        if said.start.startswith("HTTP/1.1"):
            assert self.last.status_code == int(said.start.split()[1]), f"{place}: {self.last.content.decode()[:500]}"
            for name, value in said.headers.items():
                assert self.last[name] == value, place
            compare_bodies(said.body, self.last.content, self.names)
            return
        method, path = said.start.split(" ", 1)
        content_type = said.headers.pop("Content-Type", "application/json")
        with use(ExecutionContext()):
            self.last = self.client.generic(method, path, said.body, content_type=content_type, headers=said.headers)

    @staticmethod
    def command(text):
        for line in text.replace("\\\n", " ").strip().splitlines():
            words = shlex.split(line, comments=True)
            if words[:2] == ["python", "manage.py"]:
                with use(ExecutionContext()):
                    call_command(*words[2:])


@pytest.fixture
def reader(acme, context, client_of):
    _key, plain = create_api_key(name="guide", permissions=["*:*"], context=context)
    return Reader(client_of(acme), {"KEY": plain})


@pytest.mark.parametrize("guide", GUIDES, ids=lambda file: file.stem)
def test_a_guide_does_what_it_says(guide, reader):
    for snippet in snippets(guide):
        if snippet.runs:
            reader.follow(snippet)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda file: file.stem)
def test_a_guide_has_something_to_execute(guide):
    assert any(snippet.runs for snippet in snippets(guide))
