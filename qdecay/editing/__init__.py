"""The editor of problems: a page on the loopback address, with the exact engine behind it.

| module | its idea |
| --- | --- |
| `server` | what is answered to whom |
| `visitors` | who may ask |
| `requests` | what each request does |
| `folder` | the files of one folder, and nothing else |
| `drafts` | what is being typed, kept through every crash |
| `documents`, `places` | documents that readers take, and the place of what they refuse |
| `solving` | a document's page |
| `workers` | processes that solve, of which the newest request of a page wins |
"""
