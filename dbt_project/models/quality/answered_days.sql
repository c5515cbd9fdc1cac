-- One row per dataset and settlement date about which REST answered or IRIS sent something, and how much was refused.
with

windows as (

    -- a question that nobody answered says nothing of the data
    select *, outcome = 'quarantined' as is_refused
    from {{ ref('stg_bmrs__windows') }}
    where outcome in ('landed', 'unchanged', 'empty', 'quarantined')

),

answers as (

    select windows.dataset, days.settlement_date, windows.is_refused
    from windows
    inner join {{ ref('dim_settlement_periods') }} as days
        on days.settlement_date between windows.settlement_date_from and windows.settlement_date_to
        and days.settlement_period = 1
    union all
    select dataset, {{ settlement_date('asked_at_utc') }}, is_refused
    from windows
    where settlement_date_from is null

),

messages as (

    -- what a message that cannot be read was about, nobody knows: it counts for the day on which it came
    select
        catalogue.dataset,
        {{ settlement_date('messages.received_at_utc') }} as settlement_date,
        messages.outcome = 'QUARANTINED' as is_refused
    from {{ ref('stg_iris__messages') }} as messages
    inner join {{ ref('dataset_catalogue') }} as catalogue
        on strpos('|' || catalogue.iris_names || '|', '|' || messages.iris_name || '|') > 0

),

counted as (

    select
        dataset,
        settlement_date,
        count(*) as answers,
        count(case when is_refused then 1 end) as answers_refused,
        0 as messages,
        0 as messages_refused
    from answers
    group by dataset, settlement_date
    union all
    select dataset, settlement_date, 0, 0, count(*), count(case when is_refused then 1 end)
    from messages
    group by dataset, settlement_date

)

select
    dataset,
    settlement_date,
    cast(sum(answers) as int64) as answers,
    cast(sum(answers_refused) as int64) as answers_refused,
    cast(sum(messages) as int64) as messages,
    cast(sum(messages_refused) as int64) as messages_refused
from counted
group by dataset, settlement_date
