import Bytes

/// Writes metrics in the text format of Prometheus, version 0.0.4.
struct MetricsText: ~Copyable {
    private(set) var text = Buffer()
    private var name: StaticString = ""

    enum Kind {
        case counter, gauge, histogram

        var name: StaticString {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// Begins a metric; its samples follow.
    mutating func begin(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        self.name = name
        for part in ["# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind.name, "\n"] as [StaticString] {
            text.append(part)
        }
    }

    /// A sample. The labels are names and values, in turns.
    mutating func sample(_ value: UInt64, _ labels: StaticString...) {
        text.append(name)
        append(labels)
        text.append(" ")
        text.append(decimal: value)
        text.append("\n")
    }

    /// A sample whose label `code` is a status.
    mutating func sample(_ value: UInt64, code: UInt16, _ labels: StaticString...) {
        text.append(name)
        text.append("{code=\"")
        if code == 0 { text.append("other") } else { text.append(decimal: UInt64(code)) }
        text.append("\"")
        for index in stride(from: 0, to: labels.count, by: 2) {
            text.append(",")
            append(labels[index], labels[index + 1])
        }
        text.append("} ")
        text.append(decimal: value)
        text.append("\n")
    }

    /// A sample with a label whose value is known only where it runs, and has nothing to escape.
    mutating func sample(
        _ value: UInt64, _ label: StaticString, text labelText: String, _ labels: StaticString...
    ) {
        text.append(name)
        text.append("{")
        for index in stride(from: 0, to: labels.count, by: 2) {
            append(labels[index], labels[index + 1])
            text.append(",")
        }
        text.append(label)
        text.append("=\"")
        text.append(copying: Array(labelText.utf8).span)
        text.append("\"} ")
        text.append(decimal: value)
        text.append("\n")
    }

    /// A sample in seconds.
    mutating func sample(microseconds: UInt64) {
        text.append(name)
        text.append(" ")
        append(seconds: microseconds)
        text.append("\n")
    }

    /// All samples of a histogram, in seconds.
    mutating func samples(of histogram: Histogram, _ labels: StaticString...) {
        var count: UInt64 = 0
        for index in histogram.counts.indices {
            count += histogram.counts[index]
            text.append(name)
            text.append("_bucket{")
            for index in stride(from: 0, to: labels.count, by: 2) {
                append(labels[index], labels[index + 1])
                text.append(",")
            }
            text.append("le=\"")
            if index < Histogram.bounds.count {
                append(seconds: Histogram.bounds[index])
            } else {
                text.append("+Inf")
            }
            text.append("\"} ")
            text.append(decimal: count)
            text.append("\n")
        }
        text.append(name)
        text.append("_sum")
        append(labels)
        text.append(" ")
        append(seconds: histogram.sumMicroseconds)
        text.append("\n")
        text.append(name)
        text.append("_count")
        append(labels)
        text.append(" ")
        text.append(decimal: count)
        text.append("\n")
    }

    private mutating func append(_ labels: [StaticString]) {
        if labels.isEmpty { return }
        text.append("{")
        for index in stride(from: 0, to: labels.count, by: 2) {
            if index > 0 { text.append(",") }
            append(labels[index], labels[index + 1])
        }
        text.append("}")
    }

    private mutating func append(_ label: StaticString, _ value: StaticString) {
        text.append(label)
        text.append("=\"")
        text.append(value)
        text.append("\"")
    }

    /// Without trailing zeros, as clients compare bounds as text.
    private mutating func append(seconds microseconds: UInt64) {
        text.append(decimal: microseconds / 1_000_000)
        var fraction = microseconds % 1_000_000
        if fraction == 0 { return }
        text.append(".")
        var unit: UInt64 = 100_000
        while fraction > 0 {
            text.append(decimal: fraction / unit)
            fraction %= unit
            unit /= 10
        }
    }
}
