-- One row per dataset and load: the rows that the ledger says were landed, and those that the raw table holds.
with

landed as (

    select dataset, {{ load_compared() }} as load_id, cast(sum(rows_landed) as int64) as rows_landed
    from {{ ref('landed_loads') }}
    group by 1, 2

),

held as (

    {{ held_loads() }}

)

-- landed_loads is a table, and so older than these counts: a load that ends meanwhile is not missed
select
    landed.dataset,
    landed.load_id,
    landed.rows_landed,
    coalesce(held.row_count, 0) as rows_held
from landed
left join held
    on landed.dataset = held.dataset
    and coalesce(landed.load_id, '') = coalesce(held.load_id, '')
