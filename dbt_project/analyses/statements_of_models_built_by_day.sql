-- What BigQuery is asked before and after the query of each model that is built by settlement day. `dbt compile` writes
-- it out; scripts/test has Google's analyzer read it, as it reads the models.
{%- for node in graph.nodes.values() if target.type == 'bigquery' and node.config.materialized in ('settlement_days', 'priced_days') %}
{%- set table = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) %}
-- statement: {{ node.name }}: find, the first time
{{ compare_days(node, false) }}
-- statement: {{ node.name }}: find, later
{{ compare_days(node, true) }}
{%- if node.config.meta.day_until %}
-- statement: {{ node.name }}: reach
{{ reach_of_news(node, [['2026-10-24', '2026-10-25'], ['2026-11-02', '2026-11-02']]) }}
{%- endif %}
-- statement: {{ node.name }}: ranges
{{ due_ranges(node) }}
-- statement: {{ node.name }}: replace
{{ replace_days(
    table, 'select * from ' ~ table ~ ' where settlement_date between ' ~ first_day() ~ ' and ' ~ last_day(),
    ['2026-10-24', '2026-10-25'], node.columns
) }}
-- statement: {{ node.name }}: remember
{{ remember_due_days(node) }}
{%- endfor %}
