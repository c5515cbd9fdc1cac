-- One row per published action in the ranked stack of a settlement period and side; every version kept.
with

source as (

    select * from {{ source('raw_bmrs', 'ispstack') }}

),

renamed as (

    select

        ---------- keys
        bid_offer,
        sequence_number,

        ---------- settlement
        settlement_date,
        settlement_period,

        ---------- times
        start_time as start_utc,
        created_date_time as created_at_utc,

        ---------- measures
        reserve_scarcity_price as reserve_scarcity_price_gbp_per_mwh,
        original_price as original_price_gbp_per_mwh,
        volume as volume_mwh,
        dmat_adjusted_volume as dmat_adjusted_volume_mwh,
        arbitrage_adjusted_volume as arbitrage_adjusted_volume_mwh,
        niv_adjusted_volume as niv_adjusted_volume_mwh,
        par_adjusted_volume as par_adjusted_volume_mwh,
        final_price as final_price_gbp_per_mwh,
        transmission_loss_multiplier,
        tlm_adjusted_volume as tlm_adjusted_volume_mwh,
        tlm_adjusted_cost as tlm_adjusted_cost_gbp,

        ---------- flags
        cadl_flag as is_cadl_flagged,
        so_flag as is_so_flagged,
        stor_provider_flag as is_stor_provider_flagged,
        repriced_indicator as is_repriced,

        ---------- details
        id,
        acceptance_id as acceptance_number,
        bid_offer_pair_id as pair_id,

        ---------- lineage
        'HISTORIC' as source,
        _fetched_at_utc as fetched_at_utc,
        _load_id as load_id

    from source

)

select * from renamed
