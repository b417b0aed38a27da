//! The nonterminals of PostgreSQL's grammar that the model looks at.

use std::sync::LazyLock;

use lokstra_grammar::Symbols;

/// The statements whose effect is followed, or that have none.
const STATEMENTS: &str = "AlterCompositeTypeStmt AlterDefaultPrivilegesStmt AlterDomainStmt AlterEnumStmt \
    AlterExtensionStmt AlterFunctionStmt AlterObjectSchemaStmt AlterOwnerStmt AlterPolicyStmt AlterSeqStmt \
    AlterTableStmt AlterTypeStmt AnalyzeStmt CallStmt ClusterStmt CommentStmt CopyStmt CreateAsStmt CreateCastStmt \
    CreateDomainStmt CreateEventTrigStmt CreateExtensionStmt CreateForeignTableStmt CreateFunctionStmt \
    CreateMatViewStmt CreatePolicyStmt CreateRoleStmt CreateSchemaStmt CreateSeqStmt CreateStatsStmt CreateStmt \
    CreateTrigStmt CreatePublicationStmt DiscardStmt DropOwnedStmt DefineStmt DeleteStmt DoStmt DropStmt DropRoleStmt GrantStmt IndexStmt \
    InsertStmt LockStmt MergeStmt NotifyStmt RefreshMatViewStmt ReindexStmt RemoveFuncStmt RenameStmt RevokeStmt \
    RuleStmt SelectStmt TransactionStmt TruncateStmt UpdateStmt VacuumStmt VariableResetStmt VariableSetStmt \
    VariableShowStmt ViewStmt";

/// Their parts.
const PARTS: &str = "stmtmulti ColConstraint ColConstraintElem ColId ColQualList ConstraintElem \
    ConstraintAttributeSpec DomainConstraint ExclusionConstraintElem ExclusionConstraintList ExistingIndex \
    FUNCTION_or_PROCEDURE OptInherit OptParenthesizedSeqOptList OptSchemaEltList OptTableFuncElementList OptTemp \
    OnCommitOption OptTempTableName OptTypedTableElementList PartitionBoundSpec PartitionSpec Sconst SeqOptElem SeqOptList \
    SignedIconst TableConstraint TableFuncElement TableLikeClause TriggerEvents TriggerWhen Typename a_expr \
    access_method_clause add_drop aggregate_with_argtypes alias_clause alter_column_default alter_table_cmd \
    alter_table_cmds alter_type_cmd alter_using any_name any_name_list arg_class attr_name auth_ident b_expr columnDef \
    columnElem columnList columnOptions columnref comment_text common_table_expr create_as_target create_extension_opt_list \
    create_mv_target createfunc_opt_item def_elem definition enum_val_list expr_list for_locking_clause from_clause \
    func_alias_clause func_application func_arg func_arg_with_default func_arg_expr func_arg_list func_args func_args_with_defaults \
    func_as func_expr_common_subexpr func_name func_return func_table func_type function_with_argtypes \
    function_with_argtypes_list generated_when grantee_list hash_partbound index_elem index_elem_options \
    index_including_params index_params index_partition_cmd indirection insert_column_item insert_column_list insert_rest insert_target \
    into_clause join_qual joined_table key_actions name name_list object_type_any_name object_type_name \
    object_type_name_on_any_name oper_argtypes opt_array_bounds opt_column_list opt_column_and_period_list \
    opt_check_option opt_concurrently opt_conf_expr opt_definition opt_drop_behavior opt_if_not_exists opt_name_list opt_on_conflict \
    opt_or_replace opt_qualified_name opt_reloptions opt_routine_body opt_sort_clause opt_unique opt_with_data \
    opt_unique_null_treatment param_name part_elem part_params partition_cmd privilege privilege_target privileges \
    qualified_name qualified_name_list relation_expr relation_expr_list relation_expr_opt_alias \
    replica_identity returning_clause role_list select_no_parens select_with_parens set_clause set_clause_list \
    set_rest set_rest_more set_target set_target_list simple_select sort_clause stats_param table_func_column table_ref \
    target_el target_list transform_element_list type_name_list values_clause var_list var_name var_value \
    group_clause having_clause using_clause where_clause where_or_current_clause window_clause with_clause";

/// The symbols of which a tree has nodes.
pub(crate) static SYMBOLS: LazyLock<Symbols> = LazyLock::new(|| {
    Symbols::new(STATEMENTS.split_whitespace().chain(PARTS.split_whitespace()).collect())
});
