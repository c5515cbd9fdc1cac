{# Every row satisfies the expression; a row for which it is NULL says nothing and passes. #}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not ({{ expression }})
{% endtest %}
