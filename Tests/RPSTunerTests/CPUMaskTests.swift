import RPSTuner
import Testing

@Suite("sets of CPUs") struct CPUMaskTests {
    @Test(
        "all CPUs of a machine, as the kernel takes them",
        arguments: [
            (1, "1"), (2, "3"), (31, "7fffffff"), (32, "ffffffff"), (33, "1,ffffffff"),
            (63, "7fffffff,ffffffff"), (64, "ffffffff,ffffffff"),
            (65, "1,ffffffff,ffffffff"), (96, "ffffffff,ffffffff,ffffffff"),
            (128, "ffffffff,ffffffff,ffffffff,ffffffff"),
            (1024, Array(repeating: "ffffffff", count: 32).joined(separator: ",")),
        ])
    func allOfMachine(count: Int, text: String) throws {
        let mask = CPUMask(first: count)
        #expect(mask.maskText == text)
        #expect(try CPUMask(maskText: text) == mask)
        #expect(mask.count == count)
        #expect(mask.last == count - 1)
        #expect(mask.listText == (count == 1 ? "0" : "0-\(count - 1)"))
        #expect(try CPUMask(listText: mask.listText) == mask)
        #expect(Array(mask) == Array(0..<count))
    }

    @Test(
        "the highest CPU of a machine alone, with every group below it",
        arguments: [
            (31, "40000000"), (32, "80000000"), (33, "1,00000000"), (63, "40000000,00000000"),
            (64, "80000000,00000000"), (65, "1,00000000,00000000"),
            (96, "80000000,00000000,00000000"), (128, "80000000,00000000,00000000,00000000"),
        ])
    func highest(count: Int, text: String) throws {
        let mask: CPUMask = [count - 1]
        #expect(mask.maskText == text)
        #expect(try CPUMask(maskText: text) == mask)
        #expect(mask.listText == "\(count - 1)")
    }

    @Test("no CPU") func empty() throws {
        #expect(CPUMask().maskText == "0")
        #expect(CPUMask().listText == "")
        #expect(CPUMask().first == nil)
        #expect(try CPUMask(maskText: "00000000,00000000") == [])
        #expect(try CPUMask(listText: "") == [])
    }

    @Test(
        "what the kernel reads back padded is the same set",
        arguments: [("f", "0000000f"), ("1,00000000", "00000000,00000001,00000000"), ("0", "00")])
    func padding(plain: String, padded: String) throws {
        #expect(try CPUMask(maskText: plain) == CPUMask(maskText: padded))
    }

    @Test(
        "lists", arguments: [("0-3,8", "10f"), ("8,0-3", "10f"), ("0,1,2,5-5", "27"), ("07", "80")])
    func lists(list: String, mask: String) throws {
        #expect(try CPUMask(listText: list).maskText == mask)
    }

    @Test(
        "texts that are no mask",
        arguments: [
            "", ",", "0x3", "g", "123456789", "1,", ",1", "1,,1", "-1", "+1", " 1", "1 ", "é",
        ])
    func badMasks(text: String) {
        #expect(throws: CPUTextError.self) { try CPUMask(maskText: text) }
    }

    @Test(
        "texts that are no list",
        arguments: [
            ",", "0,", "0-", "-3", "3-1", "0--3", "0-1-2", "a", "0x1", "+1", " 0", "65536",
            "0-99999999999999999999", "0-3:1/2",
        ])
    func badLists(text: String) {
        #expect(throws: CPUTextError.self) { try CPUMask(listText: text) }
    }

    @Test("a mask beyond the highest CPU is an error, not a cut one") func tooWide() throws {
        let widest = "80000000" + String(repeating: ",00000000", count: 2047)
        #expect(try CPUMask(maskText: widest) == [CPUMask.highest])
        #expect(throws: CPUTextError.self) { try CPUMask(maskText: "1," + widest) }
    }

    @Test("the algebra of sets") func algebra() {
        let cpus: [Set<Int>] = [[], [0], [0, 63, 64], [64, 127, 128, 1023], [1023]]
        for a in cpus {
            for b in cpus {
                let (x, y) = (CPUMask(a), CPUMask(b))
                #expect(Set(x.union(y)) == a.union(b))
                #expect(Set(x.intersection(y)) == a.intersection(b))
                #expect(Set(x.subtracting(y)) == a.subtracting(b))
                #expect(Set(x.symmetricDifference(y)) == a.symmetricDifference(b))
                #expect(x.isSubset(of: y) == a.isSubset(of: b))
                #expect((x == y) == (a == b))
            }
        }
        var mask: CPUMask = [3]
        #expect(mask.remove(3) == 3)
        #expect(mask == [])
        #expect(mask.insert(-1).inserted == false)
        #expect(mask.insert(CPUMask.highest + 1).inserted == false)
        #expect(mask.isEmpty)
    }
}
