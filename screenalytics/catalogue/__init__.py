"""The results of all episodes as Parquet, partitioned by show and season, and what keeps it current."""
