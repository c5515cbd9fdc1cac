{# Pieces of time (from_utc, to_utc) of the same key follow one another: none begins before the one before it ends. #}
{% test pieces_do_not_overlap(model, key) %}

    select
        {{ key }},
        from_utc,
        to_utc,
        max(to_utc) over (
            partition by {{ key }} order by from_utc, to_utc rows between unbounded preceding and 1 preceding
        ) as taken_until_utc
    from {{ model }}
    where true
    qualify taken_until_utc > from_utc

{% endtest %}
