"""The engines: `plain` says what a search means, `native` does the same in C++.

In: a system and its properties. Out: a report, the same from both; `choice` picks one.

`native` sets up the engine in C++, which asks its questions of `native_model`. Checkpoints are
a folder of files (`checkpoint`), among them the questions that were asked (`journal`);
`native_checkpoint` writes them. `disk` and `native_disk` are for what is larger than memory, which
has its states in such a folder. `memory` says how much of it there is.

Several processes search together in the folder `together`.
"""
