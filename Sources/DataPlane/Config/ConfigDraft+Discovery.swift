import Netlink
import Plist

extension ConfigDraft {
    /// What the metadata says goes below what the main file says: by MAC, key by key, arrays whole.
    mutating func complete(with discovered: ConfigDraft, _ reader: inout TreeReader) {
        isIncomplete = isIncomplete || discovered.isIncomplete
        let written = interfaces
        for var draft in discovered.interfaces {
            draft.yield(to: written, &reader)
            let index = written.firstIndex {
                $0.mac == nil && draft.mac == nil
                    ? $0.name?.value == draft.name?.value : $0.mac?.value == draft.mac?.value
            }
            if let index {
                interfaces[index].complete(with: draft)
            } else {
                interfaces.append(draft)
            }
        }
    }
}

extension InterfaceDraft {
    fileprivate mutating func complete(with discovered: InterfaceDraft) {
        if !saysAddresses {
            addresses = discovered.addresses
            saysAddresses = discovered.saysAddresses
        }
        if gateways.isEmpty, !uncertain.contains(.gateway) { gateways = discovered.gateways }
        uncertain.formUnion(discovered.uncertain)
        fill(from: discovered)
    }

    /// Lets go of what another entry of the main file has: a number that it does not know.
    fileprivate mutating func yield(to written: [InterfaceDraft], _ reader: inout TreeReader) {
        let others = written.filter { $0.mac == nil || $0.mac?.value != mac?.value }
        if let table, let owner = others.first(where: { $0.table?.value == table.value }) {
            reader.warn(
                "table \(table.value) is that of \(owner.label) in the main file; this interface "
                    + "gets another", at: table.location)
            self.table = nil
        }
        if let isPrimary, isPrimary.value,
            let owner = others.first(where: { $0.isPrimary?.value == true })
        {
            reader.warn(
                "\(owner.label) is the primary in the main file; this interface is not",
                at: isPrimary.location)
            self.isPrimary = nil
        }
    }
}
