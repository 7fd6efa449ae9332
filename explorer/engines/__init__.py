"""The engines: `plain` says what a search means, `native` does the same in C++.

In: a system and its properties. Out: a report, the same from both; `choice` picks one.
"""
