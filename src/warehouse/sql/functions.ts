import { wordSet } from './words.ts';

/**
 * Functions that neither change a table nor run SQL they are handed as text (as `query_to_xml` does). Any other name may
 * be a user's own function, and nobody can tell from a call what that writes. The tests ask a server about these lists.
 */
const postgres = `
  abbrev abs acos acosd acosh age area array_agg array_append array_cat array_dims array_fill array_length array_lower
  array_ndims array_position array_positions array_prepend array_remove array_replace array_to_json array_to_string
  array_to_tsvector array_upper ascii asin asind asinh atan atan2 atan2d atand atanh avg bit bit_and bit_count bit_length
  bit_or bit_xor bool bool_and bool_or box bpchar broadcast btrim cardinality cbrt ceil ceiling center char_length
  character_length chr circle clock_timestamp col_description concat concat_ws convert convert_from convert_to corr cos
  cosd cosh cot cotd count covar_pop covar_samp cume_dist current_database current_query current_schema current_schemas
  current_setting current_user currval date date_bin date_part date_trunc datemultirange daterange decode degrees
  dense_rank diagonal diameter div encode enum_first enum_last enum_range every exp extract factorial family first_value
  float4 float8 floor format format_type gcd gen_random_uuid generate_series generate_subscripts get_bit get_byte
  get_current_ts_config has_any_column_privilege has_column_privilege has_database_privilege has_function_privilege
  has_schema_privilege has_sequence_privilege has_table_privilege has_type_privilege hashtext hashtextextended height
  host hostmask inet_client_addr inet_client_port inet_merge inet_same_family inet_server_addr inet_server_port initcap
  int2 int4 int4multirange int4range int8 int8multirange int8range interval is_normalized isclosed isempty isfinite isopen
  json_agg json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each
  json_each_text json_extract_path json_extract_path_text json_object json_object_agg json_object_keys
  json_populate_record json_populate_recordset json_strip_nulls json_to_record json_to_recordset json_to_tsvector
  json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
  jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
  jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz
  jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first jsonb_path_query_first_tz
  jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax
  jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_to_tsvector jsonb_typeof justify_days justify_hours
  justify_interval lag last_value lastval lcm lead left length like like_escape ln log log10 lower lower_inc lower_inf lpad
  lseg ltrim make_date make_interval make_time make_timestamp make_timestamptz masklen max md5 min min_scale mod mode
  multirange mxid_age netmask network nextval normalize now nth_value ntile num_nonnulls num_nulls numeric nummultirange
  numnode numrange obj_description octet_length overlaps overlay parse_ident percent_rank percentile_cont
  percentile_disc phraseto_tsquery pi plainto_tsquery point position pow power querytree quote_ident quote_literal
  quote_nullable radians radius random range_agg range_intersect_agg range_merge rank regexp_count regexp_instr
  regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr
  regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat replace reverse
  right round row_number row_security_active row_to_json rpad rtrim scale session_user set_bit set_byte set_config
  set_masklen setseed setval setweight sha224 sha256 sha384 sha512 shobj_description sign similar_escape similar_to_escape sin sind sinh slope split_part
  sqrt statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strip strpos substr
  substring sum tan tand tanh text time timeofday timestamp timestamptz timetz timezone to_ascii to_char to_date to_hex
  to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector transaction_timestamp translate trim_array trim_scale
  trunc ts_debug ts_delete ts_filter ts_headline ts_lexize ts_parse ts_rank ts_rank_cd ts_token_type tsmultirange
  tsquery_phrase tsrange tstzmultirange tstzrange txid_current txid_current_if_assigned txid_current_snapshot txid_status
  unistr unnest upper upper_inc upper_inf var_pop var_samp varchar variance version websearch_to_tsquery width
  width_bucket xml xml_is_well_formed xmlagg xmlcomment xmlexists xpath xpath_exists`;

const newerPostgres = `
  any_value array_reverse array_sample array_shuffle array_sort casefold crc32 crc32c date_add date_subtract erf erfc
  gamma lgamma random_normal to_bin to_oct uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7`;

const commonExtensions =
  'crypt digest gen_salt hmac similarity unaccent uuid_generate_v1 uuid_generate_v4 uuid_generate_v5 word_similarity';

const redshift = `
  add_months array can_json_parse charindex checksum collate convert_timezone dateadd datediff farmfingerprint64
  farmhash64 fnv_hash func_sha1 get_array_length get_number_attributes getdate hll hll_cardinality hll_combine
  hll_create_sketch int4 is_array is_bigint is_boolean is_char is_decimal is_float is_integer is_object is_scalar
  is_smallint is_valid_json is_valid_json_array is_varchar isnull json_parse json_serialize
  json_serialize_to_varbyte last_day len listagg lower_attribute_names median months_between next_day nvl nvl2 object
  object_transform ratio_to_report sha sha1 sha2 size soundex split_to_array strtol subarray sysdate textlen to_varbyte
  trim typeof url_decode url_encode`;

/** The names, by where they come from. */
export const readOnlyFunctions: Readonly<Record<'postgres' | 'newerPostgres' | 'commonExtensions' | 'redshift', ReadonlySet<string>>> = {
  postgres: wordSet(postgres),
  newerPostgres: wordSet(newerPostgres),
  commonExtensions: wordSet(commonExtensions),
  redshift: wordSet(redshift),
};

const known = Object.values(readOnlyFunctions);

/**
 * Does a function of this name, without a schema or in `pg_catalog`, come with the database and leave every table as it
 * is? `pg_…` are the database's own; `st_…` is geometry, by the SQL standard.
 */
export function isReadOnlyFunction(parts: readonly string[]): boolean {
  const name = parts.at(-1) ?? '';
  const isUnqualified = parts.length === 1 || (parts.length === 2 && parts[0] === 'pg_catalog');
  return isUnqualified && (known.some((names) => names.has(name)) || /^(pg|st)_/.test(name));
}
