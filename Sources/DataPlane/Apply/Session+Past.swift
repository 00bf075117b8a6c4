import Netlink
import Plist

extension Session {
    /// What earlier runs remember, from both folders.
    struct Past {
        var memory: Memory
        /// As they stand in LIB-DIR.
        var tables: [MACAddress: UInt32]
        var bindingsFile = BindingsFile.Reading()
        var warnings: [Diagnostic]

        var bindings: StandingBindings {
            StandingBindings(kept: bindingsFile.bindings, runtime: memory.bindings)
        }
    }

    func remembered(for goal: Goal) throws(SessionError) -> Past {
        var past: Past
        do {
            let (memory, warnings) = try folder.load()
            past = Past(memory: memory, tables: try tables.load(), warnings: warnings)
        } catch { throw .file(error) }
        past.memory.tables = past.tables
        // Whatever is bound where, `teardown` takes it away.
        if case .nothing = goal { return past }
        do { past.bindingsFile = try bindings.load() } catch {
            throw .badBindings(error.diagnostics)
        }
        past.warnings += past.bindingsFile.problems
        return past
    }

    func rememberTables(_ new: [MACAddress: UInt32]) throws(SessionError) {
        guard !new.isEmpty else { return }
        do { try tables.add(new) } catch { throw .file(error) }
    }

    /// The bindings of a rebind, on the disk but not yet in force; nil: they are as they were.
    func prepareBindings(
        _ aim: BoundGoal, beside past: Past
    ) throws(SessionError) -> BindingsFile.Prepared? {
        guard let rebind = aim.rebind else { return nil }
        // A damaged file is written anew.
        let isNew =
            aim.bindings.kept != past.bindings.kept || !past.bindingsFile.problems.isEmpty
        do {
            return isNew ? try bindings.prepare(aim.bindings.kept, sync: rebind.target == nil) : nil
        } catch { throw .file(error) }
    }

    func keepBindings(
        _ prepared: BindingsFile.Prepared?, _ outcome: inout Outcome
    ) -> Outcome.Failure? {
        do {
            outcome.warnings += try prepared?.commit() ?? []
            return nil
        } catch { return .notKept(error) }
    }
}
