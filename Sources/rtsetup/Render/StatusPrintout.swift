import DataPlane
import Netlink
import Plist

/// What `status` shows.
struct StatusPrintout {
    private let status: HostStatus
    private let names: InterfaceNames
    private let warnings: [Diagnostic]
    /// Why `watch` does nothing now.
    private let hold: String?
    private let desired: DesiredState
    /// Where several files speak, each value's place is told.
    private let showsPlaces: Bool

    init(_ preview: Preview, hold: String? = nil) {
        self.hold = hold
        status = HostStatus(preview)
        names = InterfaceNames(of: preview.kernel.links)
        warnings = preview.warnings
        desired = preview.desired
        showsPlaces = preview.plan.memory.files.count > 1
    }

    /// What in the files wants an object; nil: nothing does.
    private func origin(_ object: KernelObject) -> SourceLocation? {
        desired[object.identity]?.origin
    }

    var isConverged: Bool { status.isConverged }

    /// `=` what is ours, `*` what is not, `@` what is bound, `+ ~ -` what apply would do.
    func text(isColored: Bool) -> String {
        var blocks = hold.map { ["hold: \($0)\n"] } ?? []
        if !status.host.isEmpty { blocks.append(block("host", status.host, owner: nil, isColored)) }
        for interface in status.interfaces {
            let parts = [
                interface.name, interface.mac.map { "\($0)" },
                interface.table.map { "table \($0)" }, interface.condition,
            ]
            let heading = parts.compactMap { $0 }.joined(separator: "  ")
            blocks.append(block(heading, interface.section, owner: interface.index, isColored))
            blocks += interface.floating.map {
                ChangeLine.text("@", "binding", $0.text) + "\n"
            }
        }
        return blocks.joined()
    }

    private func block(
        _ heading: String, _ section: HostStatus.Section, owner: InterfaceIndex?, _ isColored: Bool
    ) -> String {
        func line(_ sign: String, _ object: KernelObject) -> String {
            let words = object.description(names: names, under: owner)
            return ChangeLine.text(sign, object.kind, words)
        }
        let lines =
            section.owned.map { object in
                let place = showsPlaces ? origin(object).map { "  (\($0.file):\($0.line))" } : nil
                return line("=", object) + (place ?? "")
            }
            + section.foreign.map { line("*", $0) + " (foreign)" }
            + section.differences.map { ChangeLine.text($0, names: names, isColored: isColored) }
        return ([heading] + lines).map { $0 + "\n" }.joined()
    }

    var json: JSON {
        .object([
            "version": .integer(1),
            "interfaces": .array(status.interfaces.map(interface)),
            "host": .object(members(status.host, owner: nil)),
            "hold": .optional(hold),
            "warnings": .array(warnings.map(\.json)),
        ])
    }

    private func interface(_ interface: HostStatus.Interface) -> JSON {
        .object(
            [
                ("name", .string(interface.name)),
                ("mac", .optional(interface.mac?.description)),
                ("ifindex", interface.index.map { .number($0) } ?? .null),
                ("present", .bool(interface.index != nil)),
                ("table", interface.table.map { .number($0) } ?? .null),
                ("converged", .bool(interface.isConverged)),
                (
                    "bindings",
                    interface.floating.isEmpty ? nil : .array(interface.floating.map(\.json))
                ),
            ] + members(interface.section, owner: interface.index))
    }

    private func members(
        _ section: HostStatus.Section, owner: InterfaceIndex?
    ) -> [(key: String, value: JSON?)] {
        func objects(_ objects: [KernelObject]) -> JSON {
            .array(
                objects.map { object in
                    .object([
                        "kind": .string(object.kind),
                        "text": .string(object.description(names: names, under: owner)),
                        "object": object.json(names: names),
                        "location": origin(object)?.json ?? .null,
                    ])
                })
        }
        return [
            ("owned", objects(section.owned)), ("foreign", objects(section.foreign)),
            ("differences", .array(section.differences.map { $0.json(names: names) })),
        ]
    }
}

extension HostStatus.Interface {
    fileprivate var condition: String {
        if index == nil { return "absent" }
        return switch section.differences.count {
        case 0 where !isConverged: "in conflict"
        case 0: table == nil ? "not managed" : "as configured"
        case 1: "1 difference"
        case let count: "\(count) differences"
        }
    }
}
