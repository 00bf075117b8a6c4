import CNL

/// What a request does with the object that it carries.
enum RequestVerb {
    case add, append, replace, remove

    /// The `NLM_F_*` of the request.
    var flags: Int32 {
        switch self {
        // EXCL: what is already there is not ours to overwrite.
        case .add: NLM_F_CREATE | NLM_F_EXCL
        case .append: NLM_F_CREATE | NLM_F_APPEND
        case .replace: NLM_F_CREATE | NLM_F_REPLACE
        case .remove: 0
        }
    }
}
