"""What PostgreSQL's catalog says about one schema, as ready pieces of SQL.

Read with the search path of the platform scope, so that every name of the schema comes out qualified. Deparsing is
PostgreSQL's own (`pg_get_…def`), the same as `pg_dump` uses: names and definitions stay as the migrations made them.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

UNSUPPORTED: Final = """
    SELECT kind FROM (
        SELECT 'relation kind ' || relkind::text AS kind FROM pg_class
            WHERE relnamespace = %(schema)s::regnamespace AND (relkind NOT IN ('r', 'i', 'S', 'v') OR relispartition)
        UNION ALL SELECT 'type ' || typname::text FROM pg_type
            WHERE typnamespace = %(schema)s::regnamespace
              AND (typtype NOT IN ('b', 'c') OR (typtype = 'b' AND typelem = 0))
        UNION ALL SELECT 'aggregate ' || proname FROM pg_proc
            WHERE pronamespace = %(schema)s::regnamespace AND prokind IN ('a', 'w')
        UNION ALL SELECT 'policy ' || polname FROM pg_policy JOIN pg_class c ON c.oid = polrelid
            WHERE c.relnamespace = %(schema)s::regnamespace
        UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class
            WHERE c.relnamespace = %(schema)s::regnamespace AND rulename <> '_RETURN'
        UNION ALL SELECT 'grants on ' || relname FROM pg_class
            WHERE relnamespace = %(schema)s::regnamespace AND relacl IS NOT NULL
        UNION ALL SELECT 'inheritance of ' || relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
            WHERE c.relnamespace = %(schema)s::regnamespace
        UNION ALL SELECT 'statistics ' || stxname FROM pg_statistic_ext WHERE stxnamespace = %(schema)s::regnamespace
        UNION ALL SELECT 'comment on ' || relname FROM pg_description JOIN pg_class c ON c.oid = objoid
            WHERE classoid = 'pg_class'::regclass AND c.relnamespace = %(schema)s::regnamespace
    ) AS found ORDER BY kind LIMIT 20
"""

FUNCTIONS: Final = """
    SELECT pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = %(schema)s::regnamespace AND prokind IN ('f', 'p') ORDER BY oid
"""

STANDALONE_SEQUENCES: Final = """
    SELECT format('CREATE SEQUENCE %%s AS %%s INCREMENT %%s MINVALUE %%s MAXVALUE %%s START %%s CACHE %%s%%s',
                  c.oid::regclass, format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart,
                  s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
    FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
    WHERE c.relnamespace = %(schema)s::regnamespace
      AND NOT EXISTS (
          SELECT FROM pg_depend d
          WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'i')
    ORDER BY c.relname
"""

SEQUENCE_OWNERS: Final = """
    SELECT format('ALTER SEQUENCE %%s OWNED BY %%s.%%I', d.objid::regclass, d.refobjid::regclass, a.attname)
    FROM pg_depend d
    JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'a' AND c.relnamespace = %(schema)s::regnamespace
    ORDER BY c.relname
"""

TABLES: Final = """
    SELECT format('CREATE %%sTABLE %%s (%%s)%%s',
                  CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.oid::regclass,
                  concat_ws(', ', columns.list, constraints.list),
                  ' WITH (' || array_to_string(c.reloptions, ', ') || ')')
    FROM pg_class c
    LEFT JOIN LATERAL (
        SELECT string_agg(
            format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod))
            || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
            || CASE a.attidentity WHEN '' THEN '' ELSE format(
                   ' GENERATED %%s AS IDENTITY (SEQUENCE NAME %%s START %%s INCREMENT %%s'
                   ' MINVALUE %%s MAXVALUE %%s CACHE %%s%%s)',
                   CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, s.seqrelid::regclass,
                   s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                   CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END) END
            || CASE WHEN a.attgenerated <> '' THEN
                        ' GENERATED ALWAYS AS (' || pg_get_expr(e.adbin, e.adrelid) || ')'
                        || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE ' VIRTUAL' END
                    WHEN e.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(e.adbin, e.adrelid)
                    ELSE '' END
            || CASE WHEN nn.conname IS NOT NULL THEN format(' CONSTRAINT %%I NOT NULL', nn.conname)
                    WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
            ', ' ORDER BY a.attnum) AS list
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
        LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey = ARRAY[a.attnum]
        LEFT JOIN pg_depend d ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'i'
            AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND a.attidentity <> ''
        LEFT JOIN pg_sequence s ON s.seqrelid = d.objid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS columns ON true
    LEFT JOIN LATERAL (
        SELECT string_agg(
            format('CONSTRAINT %%I %%s', conname, pg_get_constraintdef(oid)), ', ' ORDER BY conname) AS list
        FROM pg_constraint WHERE conrelid = c.oid AND contype IN ('p', 'u', 'c', 'x')
    ) AS constraints ON true
    WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind = 'r'
    ORDER BY c.relname
"""

INDEXES: Final = """
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = %(schema)s::regnamespace
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY i.indexrelid::regclass::text
"""

FOREIGN_KEYS: Final = """
    SELECT format('ALTER TABLE ONLY %%s %%s', conrelid::regclass,
                  string_agg(
                      format('ADD CONSTRAINT %%I %%s', conname, pg_get_constraintdef(k.oid)), ', ' ORDER BY conname))
    FROM pg_constraint k WHERE connamespace = %(schema)s::regnamespace AND contype = 'f'
    GROUP BY conrelid
    ORDER BY conrelid::regclass::text
"""

VIEWS: Final = """
    SELECT format('CREATE VIEW %%s AS %%s', oid::regclass, rtrim(pg_get_viewdef(oid), ';')) FROM pg_class
    WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'v' ORDER BY oid
"""

TRIGGERS: Final = """
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = %(schema)s::regnamespace AND NOT t.tgisinternal ORDER BY c.relname, t.tgname
"""

TRIGGER_MODES: Final = """
    SELECT format('ALTER TABLE %%s %%s TRIGGER %%I', t.tgrelid::regclass,
                  CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END,
                  t.tgname)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = %(schema)s::regnamespace AND NOT t.tgisinternal AND t.tgenabled <> 'O'
    ORDER BY c.relname, t.tgname
"""


FILLED_TABLES: Final = """
    SELECT array[c.relname::text, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
           string_agg(format('quote_nullable(%%I::text)', a.attname), ', ' ORDER BY a.attnum)]
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname
"""

SEQUENCE_VALUES: Final = """
    SELECT format('SELECT setval(%%L, %%s)', format('%%I.%%I', schemaname, sequencename), last_value)
    FROM pg_sequences WHERE schemaname = %(schema)s AND last_value IS NOT NULL ORDER BY sequencename
"""


def read(query: str, schema: str) -> list[Any]:
    """The first column of a catalog query for a schema."""
    with connection.cursor() as cursor:
        cursor.execute(query, {"schema": schema})
        return [row[0] for row in cursor.fetchall()]
