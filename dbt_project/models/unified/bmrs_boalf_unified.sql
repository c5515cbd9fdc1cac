-- One row per segment of an acceptance's profile: the latest published version, deleted ones left out.
{{ rebuild_by_settlement_day(of='from_utc', cluster_by=['national_grid_bm_unit']) }}

with

published as (

    select * from {{ ref('stg_bmrs__boalf') }}
    union all
    select * from {{ ref('stg_iris__boalf') }}

),

latest as (

    select * replace ({{ settlement_date('from_utc') }} as settlement_date)
    from published
    where {{ in_due_days(of='from_utc') }}
    qualify row_number() over (
        partition by national_grid_bm_unit, acceptance_number, accepted_at_utc, from_utc
        order by
            case amendment_flag when 'DEL' then 3 when 'UPD' then 2 when 'INS' then 1 else 0 end desc,
            source asc,  -- REST is the corrected record: same version, REST wins, whichever came first
            fetched_at_utc desc
    ) = 1

)

select * from latest
where amendment_flag is null or amendment_flag != 'DEL'
