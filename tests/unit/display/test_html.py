from __future__ import annotations

from vm_df_writer.display.html import facts_table


def test_title_names_and_values_are_escaped() -> None:
    html = facts_table("<i>", {"<b>": "<script>"})
    assert not any(tag in html for tag in ("<i>", "<b>", "<script>"))
    assert all(text in html for text in ("&lt;i&gt;", "&lt;b&gt;", "&lt;script&gt;"))


def test_only_urls_of_the_web_become_links() -> None:
    html = facts_table("", {"one": 'http://a/?x="1"&y=2', "two": "javascript:alert(1)"})
    assert html.count("<a ") == 1
    assert '<a href="http://a/?x=&quot;1&quot;&amp;y=2" target="_blank" rel="noopener">' in html


def test_two_dollars_are_no_formula() -> None:
    html = facts_table("", {"metric_format": "{'__name__': '$VAR', 'for': '$QUERY_KEY'}"})
    assert html.count("<span>$</span>") == html.count("$") == 2
