{# The ranges of the variable `history` as a list of [dataset, from, to]; `default` stands for every dataset that is
   not named. A dataset may have one range {from: .., to: ..} or a list of them; either end may be left out. #}
{% macro history_ranges() -%}
    {%- set ranges = [] -%}
    {%- for dataset, given in var('history').items() -%}
        {%- for range in ([given] if given is mapping else given) -%}
            {%- do ranges.append([dataset, range.get('from'), range.get('to')]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if 'default' not in var('history') -%}
        {%- do ranges.append(['default', none, none]) -%}
    {%- endif -%}
    {{ return(ranges) }}
{%- endmacro %}


{# A date of that variable as SQL. #}
{% macro date_or_null(given) -%}
    cast({{ "'" ~ given ~ "'" if given else 'null' }} as date)
{%- endmacro %}
