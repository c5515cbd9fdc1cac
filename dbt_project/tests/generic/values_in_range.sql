{# Every value lies between `min` and `max`, both allowed, either may be left out. NULL passes: use not_null for that. #}
{% test values_in_range(model, column_name, min=none, max=none) %}
select *
from {{ model }}
where
    {% if min is not none %}{{ column_name }} < {{ min }}{% endif %}
    {% if min is not none and max is not none %}or{% endif %}
    {% if max is not none %}{{ column_name }} > {{ max }}{% endif %}
{% endtest %}
