"""Public data sets as interchange records: `python -m bench.datasets FOLDER | headwater import -`.

The folder holds the gzip JSON lines; the project holds none of them. What the sets do not know is made up from a fixed
seed and says so: creators carry facts_source SYNTHETIC, made-up things have the source "synthetic". The same folder
always gives the same bytes.
"""
