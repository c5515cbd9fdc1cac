{# No settlement day of a dataset has far fewer rows than its days before: fewer than `least_share` of the median of the
   last `days`, once there are `at_least` of them. Finds truncated answers, which leave no settlement period empty.
   For quality_scorecard, or a relation with its columns. #}
{% test rows_per_day_against_history(model, dataset, days=28, at_least=7, least_share=0.5) %}
with

counted as (

    select settlement_date, row_count
    from {{ model }}
    where dataset = '{{ dataset }}' and row_count > 0 and is_over

),

compared as (

    select
        today.settlement_date,
        today.row_count,
        {{ median('earlier.row_count') }} as usual_row_count,
        count(*) as days_compared
    from counted as today
    inner join counted as earlier
        on earlier.settlement_date < today.settlement_date
        and cast(date_add(earlier.settlement_date, interval {{ days }} day) as date) >= today.settlement_date
    group by today.settlement_date, today.row_count

)

select *
from compared
where days_compared >= {{ at_least }} and row_count < {{ least_share }} * usual_row_count
{% endtest %}
