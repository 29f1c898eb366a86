-- Foreign keys between some tables. Those of partitions are copies of their table's.
SELECT f.conrelid AS child, f.confrelid AS parent, f.conkey AS child_columns, f.confkey AS parent_columns
FROM pg_constraint f
WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conrelid = ANY ($1) AND f.confrelid = ANY ($1)
