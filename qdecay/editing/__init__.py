"""The editor of problems: a page on the loopback address, with the exact engine behind it.

| module | its idea |
| --- | --- |
| `server` | answers requests |
| `visitors` | which requests are allowed |
| `requests` | what each request does |
| `folder` | the files of one folder, and nothing else |
| `drafts` | the current input, which survives every crash |
| `documents`, `places` | documents that readers accept, and the places of what they refuse |
| `solving` | a document's page |
| `workers` | processes that solve; the newest request of a page wins |
"""
