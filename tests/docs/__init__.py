"""The documentation, executed: snippets of the guides, links, generated pages. `make docs` runs these tests."""
