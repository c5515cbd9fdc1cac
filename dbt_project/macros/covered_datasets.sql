{# The datasets whose rows are counted by settlement date: all unified models with a settlement_date. `time` is the
   moment of a row; `every_seconds` is there where a settlement period holds several readings; `period` is none where
   rows are counted by day: where they belong to no period or to several, and where only the days are sure to have
   rows. `day_of_time` is there where the model takes the settlement date from the moment, not as published; `pieces`
   where its rows are pieces of what was landed, of which no row is the copy; `by_day` where it is built by settlement day, and so are its counts. A test compares this list with the
   models. #}
{% macro covered_datasets() -%}
    {{ return([
        {'dataset': 'AGPT', 'time': 'start_utc'},
        {'dataset': 'AGWS', 'time': 'start_utc'},
        {'dataset': 'AOBE', 'time': 'start_utc', 'period': none},
        {'dataset': 'ATL', 'time': 'start_utc'},
        {'dataset': 'B1610', 'time': 'end_utc', 'by_day': true},
        {'dataset': 'BEB', 'time': 'start_utc', 'period': none},
        {'dataset': 'BOALF', 'time': 'from_utc', 'period': none, 'day_of_time': true, 'by_day': true},
        {'dataset': 'BOAV', 'time': 'start_utc', 'by_day': true},
        {'dataset': 'BOD', 'time': 'from_utc', 'by_day': true},
        {'dataset': 'CBS', 'time': 'from_utc', 'period': none},
        {'dataset': 'DEMAND_OUTTURN', 'time': 'start_utc'},
        {'dataset': 'DISBSAD'},
        {'dataset': 'DISEBSP', 'time': 'start_utc'},
        {'dataset': 'DISPTAV', 'time': 'start_utc', 'by_day': true},
        {'dataset': 'EBOCF', 'time': 'start_utc', 'by_day': true},
        {'dataset': 'FREQ', 'time': 'measured_at_utc', 'every_seconds': 15, 'day_of_time': true, 'by_day': true},
        {'dataset': 'FUELHH', 'time': 'start_utc', 'day_of_time': true, 'by_day': true},
        {'dataset': 'FUELINST', 'time': 'start_utc', 'every_seconds': 300, 'day_of_time': true, 'by_day': true},
        {'dataset': 'IMBALNGC', 'time': 'start_utc', 'period': none, 'day_of_time': true, 'by_day': true},
        {'dataset': 'INDDEM', 'time': 'start_utc', 'period': none, 'day_of_time': true, 'by_day': true},
        {'dataset': 'INDGEN', 'time': 'start_utc', 'period': none, 'day_of_time': true, 'by_day': true},
        {'dataset': 'INDO', 'time': 'start_utc'},
        {'dataset': 'INDOD', 'period': none},
        {'dataset': 'ISPSTACK', 'time': 'start_utc', 'by_day': true},
        {'dataset': 'ITSDO', 'time': 'start_utc'},
        {'dataset': 'MDP', 'time': 'effective_from_utc'},
        {'dataset': 'MDV', 'time': 'effective_from_utc'},
        {'dataset': 'MELNGC', 'time': 'start_utc', 'period': none, 'day_of_time': true, 'by_day': true},
        {'dataset': 'MELS', 'time': 'from_utc', 'day_of_time': true, 'pieces': true, 'by_day': true},
        {'dataset': 'MID', 'time': 'start_utc'},
        {'dataset': 'MILS', 'time': 'from_utc', 'day_of_time': true, 'pieces': true, 'by_day': true},
        {'dataset': 'MNZT', 'time': 'effective_from_utc'},
        {'dataset': 'MZT', 'time': 'effective_from_utc'},
        {'dataset': 'NDF', 'time': 'start_utc', 'period': none},
        {'dataset': 'NDZ', 'time': 'effective_from_utc'},
        {'dataset': 'NETBSAD'},
        {'dataset': 'NONBM', 'time': 'start_utc'},
        {'dataset': 'NTB', 'time': 'effective_from_utc'},
        {'dataset': 'NTO', 'time': 'effective_from_utc'},
        {'dataset': 'PN', 'time': 'from_utc', 'by_day': true},
        {'dataset': 'QPN', 'time': 'from_utc', 'by_day': true},
        {'dataset': 'RDRE', 'time': 'effective_from_utc'},
        {'dataset': 'RDRI', 'time': 'effective_from_utc'},
        {'dataset': 'RURE', 'time': 'effective_from_utc'},
        {'dataset': 'RURI', 'time': 'effective_from_utc'},
        {'dataset': 'SEL', 'time': 'effective_from_utc'},
        {'dataset': 'SIL', 'time': 'effective_from_utc'},
        {'dataset': 'SMSG', 'time': 'start_utc', 'period': none},
        {'dataset': 'SOSO', 'time': 'start_utc', 'period': none},
        {'dataset': 'TSDF', 'time': 'start_utc', 'period': none, 'day_of_time': true, 'by_day': true},
    ]) }}
{%- endmacro %}


{# The channels whose rows the unified model of a dataset is made of. #}
{% macro channels_of(name) -%}
    {{ return(['bmrs'] if name in ('b1610', 'demand_outturn') else ['bmrs', 'iris']) }}
{%- endmacro %}
