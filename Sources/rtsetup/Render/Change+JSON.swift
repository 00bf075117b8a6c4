import DataPlane
import Netlink
import Plist

extension Change {
    func json(names: InterfaceNames) -> JSON {
        var previous = JSON.null
        if case .replace(let old, with: _) = action { previous = old.json(names: names) }
        return .object([
            "action": .string(verb),
            "kind": .string(object.kind),
            "interface": .optional(owner.map { names.name(of: $0) }),
            "text": .string(description(names: names, under: owner)),
            "object": object.json(names: names),
            "previous": previous,
            "location": origin?.json ?? .null,
            "note": note.map { .string($0) },
        ])
    }

    /// `add`, `change` or `remove`.
    var verb: String {
        switch action {
        case .add: "add"
        case .replace: "change"
        case .remove: "remove"
        }
    }
}

extension SourceLocation {
    var json: JSON {
        .object(["file": .string(file), "line": .number(line), "column": .number(column)])
    }
}

extension Diagnostic {
    var json: JSON {
        .object([
            "severity": .string(severity.rawValue),
            "location": location?.json ?? .null,
            "keyPath": .string(keyPath),
            "message": .string(message),
        ])
    }
}
