{# Straight lines, of which every notification, bid-offer pair and acceptance is made, and what to do with them. #}

{# Seconds from one instant to another, as a double. #}
{% macro seconds_between(from_utc, to_utc) -%}
    {{ return(adapter.dispatch('seconds_between')(from_utc, to_utc)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(from_utc, to_utc) -%}
    ((epoch_us({{ to_utc }}) - epoch_us({{ from_utc }})) / 1000000)
{%- endmacro %}

{% macro bigquery__seconds_between(from_utc, to_utc) -%}
    (timestamp_diff({{ to_utc }}, {{ from_utc }}, microsecond) / 1000000)
{%- endmacro %}


{# A second as a whole number, since BigQuery makes no partitions by a float. #}
{% macro microsecond(second) -%}
    cast(round({{ second }} * 1000000) as int64)
{%- endmacro %}


{# Every row of a relation once for each half hour that [from_utc, to_utc) touches, as a query with the added column
   `half_hour_utc`. Settlement periods start on the half hour of UTC too: London's clocks change by whole hours. #}
{% macro each_half_hour(relation, from_utc, to_utc) -%}
    {{ return(adapter.dispatch('each_half_hour')(relation, from_utc, to_utc)) }}
{%- endmacro %}

{% macro duckdb__each_half_hour(relation, from_utc, to_utc) -%}
    select *, unnest(generate_series(
        time_bucket(interval 30 minute, {{ from_utc }}), {{ to_utc }} - interval 1 microsecond, interval 30 minute
    )) as half_hour_utc
    from {{ relation }}
{%- endmacro %}

{% macro bigquery__each_half_hour(relation, from_utc, to_utc) -%}
    select {{ relation }}.*, half_hour_utc
    from {{ relation }}
    cross join unnest(generate_timestamp_array(
        timestamp_seconds(div(unix_seconds({{ from_utc }}), 1800) * 1800),
        timestamp_sub({{ to_utc }}, interval 1 microsecond), interval 30 minute
    )) as half_hour_utc
{%- endmacro %}


{# The value of a line at a share of its length. Exact at both ends, where b - a would have been rounded. #}
{% macro value_at(line_from, line_to, share) -%}
    ({{ line_from }} * (1 - {{ share }}) + {{ line_to }} * {{ share }})
{%- endmacro %}


{# The value at a second of a relation's line <name>_from_mw at from_second to <name>_to_mw at to_second. #}
{% macro on_line(relation, name, second) -%}
    {%- set line = relation ~ '.' ~ name -%}
    {%- set seconds = '(' ~ relation ~ '.to_second - ' ~ relation ~ '.from_second)' -%}
    {{ value_at(line ~ '_from_mw', line ~ '_to_mw', '((' ~ second ~ ' - ' ~ relation ~ '.from_second) / ' ~ seconds ~ ')') }}
{%- endmacro %}


{# The mean of max(x, 0) along a straight line from x0 to x1: the area above zero of a trapezoid, or of the triangle
   that is left of it, over its length. One formula for all signs, since (|x0| + |x1|) = |x1 - x0| where they differ. #}
{% macro mean_above_zero(x0, x1) -%}
    coalesce(
        (greatest({{ x0 }}, 0) + greatest({{ x1 }}, 0)) * (greatest({{ x0 }}, 0) + greatest({{ x1 }}, 0))
        / nullif(2 * (abs({{ x0 }}) + abs({{ x1 }})), 0),
        0
    )
{%- endmacro %}


{# The mean along a segment of how far one line lies above another, where it does. Of each line the columns
   <name>_from_mw and <name>_to_mw are its values at the ends. #}
{% macro mean_above(line, other) -%}
    {{ mean_above_zero(
        '(' ~ line ~ '_from_mw - ' ~ other ~ '_from_mw)', '(' ~ line ~ '_to_mw - ' ~ other ~ '_to_mw)'
    ) }}
{%- endmacro %}

{# The mean of how far a profile reaches into a band: min(max(x, floor), ceiling) - floor. #}
{% macro mean_within(profile, floor, ceiling) -%}
    ({{ mean_above(profile, floor) }} - {{ mean_above(profile, ceiling) }})
{%- endmacro %}


{# What is in force of a unit's rows for a settlement period, from_second to to_second: where rows overlap, the one that
   was heard last. CTEs from `uneven` to `pieces`, which adds piece_from and piece_to to the row that is in force there.
   Nearly always every row spans the whole period, and none can overlap another; only where one does not are they cut
   at each other's ends, since cutting and ordering all of them costs more than all else that is done with them.
   `per` names the column of which several hold at a time, such as the pair. #}
{% macro pieces_in_force(rows, per=none) -%}
uneven as (

    select distinct national_grid_bm_unit, start_utc
    from {{ rows }}
    where from_second != 0 or to_second != 1800

),

to_cut as (

    select {{ rows }}.*
    from {{ rows }}
    inner join uneven
        on {{ rows }}.national_grid_bm_unit = uneven.national_grid_bm_unit and {{ rows }}.start_utc = uneven.start_utc

),

cuts as (

    select *, lead(second) over (partition by national_grid_bm_unit, start_utc order by second) as next_second from (
        select national_grid_bm_unit, start_utc, from_second as second from to_cut
        union distinct
        select national_grid_bm_unit, start_utc, to_second from to_cut
    ) as ends

),

pieces as (

    select {{ rows }}.*, {{ rows }}.from_second as piece_from, {{ rows }}.to_second as piece_to
    from {{ rows }}
    left join uneven
        on {{ rows }}.national_grid_bm_unit = uneven.national_grid_bm_unit and {{ rows }}.start_utc = uneven.start_utc
    where uneven.start_utc is null
    union all
    select to_cut.*, cuts.second, cuts.next_second
    from cuts
    inner join to_cut
        on cuts.national_grid_bm_unit = to_cut.national_grid_bm_unit and cuts.start_utc = to_cut.start_utc
        and cuts.second >= to_cut.from_second and cuts.next_second <= to_cut.to_second
    qualify row_number() over (
        partition by
            to_cut.national_grid_bm_unit, to_cut.start_utc, {% if per %}to_cut.{{ per }}, {% endif %}{{ microsecond('cuts.second') }}
        order by to_cut.fetched_at_utc desc, to_cut.from_utc desc
    ) = 1

)
{%- endmacro %}
