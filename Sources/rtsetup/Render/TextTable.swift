/// Rows of text under each other, each column as wide as its widest cell.
struct TextTable {
    private var rows: [[String]] = []
    private let numbers: Set<Int>

    /// - Parameter numbers: the columns that are flush right.
    init(_ heading: [String], numbers: Set<Int> = []) {
        self.numbers = numbers
        append(heading)
    }

    mutating func append(_ row: [String]) { rows.append(row) }

    /// Indented by two blanks; no line ends in a blank.
    var text: String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return numbers.contains(column) ? padding + cell : cell + padding
            }
            let line = "  " + cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }
}
