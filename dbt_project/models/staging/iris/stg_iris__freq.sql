-- One row per published sample of the system frequency; every version kept.
with

source as (

    select * from {{ source('raw_iris', 'freq') }}

),

renamed as (

    select

        ---------- keys
        measurement_time as measured_at_utc,

        ---------- measures
        frequency as frequency_hz,

        ---------- lineage
        'IRIS' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
