{# Terms that several marts use, defined once. #}

{# Which way an interconnector runs; positive is towards Great Britain. #}
{% macro flow_direction(flow_mw) -%}
    case when {{ flow_mw }} > 0 then 'IMPORT' when {{ flow_mw }} < 0 then 'EXPORT' when {{ flow_mw }} = 0 then 'NONE' end
{%- endmacro %}


{# The band that a price lies in, GBP/MWh; each band has its lower limit, the last but one both. #}
{% macro price_regime(price) -%}
    case
        when {{ price }} < 20 then 'below 20'
        when {{ price }} < 80 then '20 to 80'
        when {{ price }} <= 150 then '80 to 150'
        when {{ price }} > 150 then 'above 150'
    end
{%- endmacro %}


{# Why a value is not there, if it is not. #}
{% macro missing(value, dataset) -%}
    case when {{ value }} is null then 'no {{ dataset }} row is held: gb-power load {{ dataset }}' end
{%- endmacro %}


{# The newest row of a relation that has a value, as a relation of one row or none. Its column `one` is there to join
   by, since BigQuery has no outer join without an equality. There it is looked for in the newest week. #}
{% macro newest(relation, time, value) -%}
    (select *, 1 as one from {{ relation }} where {{ in_newest_days(relation) }} and {{ value }} is not null order by {{ time }} desc limit 1)
{%- endmacro %}
