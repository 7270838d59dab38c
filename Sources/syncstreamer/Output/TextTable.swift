import Bytes

/// A table in text: columns as wide as their widest cell, two spaces between them.
struct TextTable {
    /// On which side of a column its cells stand.
    enum Alignment {
        case left
        case right
    }

    private let alignments: [Alignment]
    private let heading: [String]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        heading = columns.map(\.title)
    }

    /// Adds a row with a cell for every column.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == heading.count, "a row has a cell for every column")
        rows.append(cells)
    }

    /// The table's lines, the heading first, without blanks at their ends.
    func lines(_ style: Style = .plain) -> [String] {
        let widths = heading.indices.map { column in
            ([heading] + rows).map { $0[column].count }.max() ?? 0
        }
        let lines = ([heading] + rows).map { cells in
            var line = cells.indices.map { padded(cells[$0], widths[$0], alignments[$0]) }.joined(
                separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
        return [style.heading(lines[0])] + lines.dropFirst()
    }

    private func padded(_ cell: String, _ width: Int, _ alignment: Alignment) -> String {
        let blanks = String(repeating: " ", count: width - cell.count)
        return alignment == .left ? cell + blanks : blanks + cell
    }
}
