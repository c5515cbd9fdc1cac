{# How dbt learns the columns of a query whose contract it checks: by the query with no rows of it. Over a table that
   wants to know the days, BigQuery takes that only with one; a day without rows costs nothing. #}
{% macro bigquery__get_empty_subquery_sql(select_sql, select_sql_header=none) %}
    {{ select_sql_header or '' }}
    select * from (
        {{ select_sql }}
    ) as __dbt_sbq
    where {% if 'settlement_date' in model.get('columns', {}) -%}
        settlement_date = date '1900-01-01'
    {%- else -%}
        false and current_timestamp() = current_timestamp()
    {%- endif %}
    limit 0
{% endmacro %}
