"""Bytes in and out of REST: reading bodies with limits, writing answers.

Apart from `rustok.api`, because the REST framework loads its parser and renderer while it loads itself.
"""
