{# A dataset's history has no gap: no settlement period or day is missing at its head, middle or tail, and none lacks
   a reading (FREQ every 15 seconds, FUELINST every 5 minutes). Each failing row is a gap with its kind and the command
   that fills it. What is known to be absent passes; what should be there is in expected_periods.
   For data_gaps, or a relation with its columns. #}
{% test complete_history(model, dataset) %}
select *
from {{ model }}
where dataset = '{{ dataset }}' and kind != 'known absent'
{% endtest %}
