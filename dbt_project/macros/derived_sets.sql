{# The six sets that Elexon derives in settlement. What their messages on IRIS hold is not documented and none has been
   seen, so a field may come under another name, and be null here. And REST has bids and offers in the path, not in
   the row. So a row from IRIS is taken only if it says what it is about; the rest stays in staging, counted by the
   test `iris_rows_say_what_they_are_about`. #}

{# What a row must say besides its side. #}
{% macro derived_sets() -%}
    {{ return({
        'boav': ['settlement_date', 'settlement_period', 'acceptance_number', 'coalesce(bm_unit, national_grid_bm_unit)'],
        'disebsp': ['settlement_date', 'settlement_period', 'created_at_utc'],
        'disptav': ['settlement_date', 'settlement_period', 'coalesce(bm_unit, national_grid_bm_unit)'],
        'ebocf': ['settlement_date', 'settlement_period', 'coalesce(bm_unit, national_grid_bm_unit)'],
        'ispstack': ['settlement_date', 'settlement_period', 'sequence_number'],
        'smsg': ['settlement_date', 'settlement_period', 'message_received_utc'],
    }) }}
{%- endmacro %}

{% macro is_about_something(dataset) -%}
    {%- for column in derived_sets()[dataset] %}{{ column }} is not null{{ ' and ' if not loop.last }}{% endfor -%}
    {%- if dataset not in ('disebsp', 'smsg') %} and coalesce({{ stated_side(dataset) }}, '') in ('bid', 'offer'){% endif -%}
{%- endmacro %}

{# Bid or offer, as the row says it. An action of the stack also says it by its volume, which is of one action and below
   zero for a bid. Not so the others: a volume could be the sum of both sides, a cashflow is below zero where a price is. #}
{% macro stated_side(dataset) -%}
    {%- if dataset == 'ispstack' -%}
        coalesce(lower(bid_offer), case when volume_mwh < 0 then 'bid' when volume_mwh > 0 then 'offer' end)
    {%- else -%}
        lower(bid_offer)
    {%- endif -%}
{%- endmacro %}
