import HTTP

/// A JSON Schema that says of a channel what its first item tells: which members there are, and of what type,
/// so that a viewer can offer them.
///
/// It requires nothing. A member that is null, and an array without elements, tell no type, and are left out.
enum JSONSchema {
    /// Deeper values are of any type.
    private static let depthMax = 8
    /// An object with more members is a map and not a structure.
    private static let membersMax = 256

    /// The schema's text.
    static func text(for item: Span<UInt8>) -> [UInt8] {
        let whole = JSONValue(item).flatMap { schema(of: $0, depth: 0) }
        var text: [UInt8] = []
        (whole ?? JSONValue.object([])).append(to: &text)
        return text
    }

    private static func schema(of value: JSONValue, depth: Int) -> JSONValue? {
        if depth > depthMax { return nil }
        switch value {
        case .null: return nil
        case .bool: return typed("boolean")
        case .number: return typed("number")
        case .string: return typed("string")
        case .array(let elements):
            let element = elements.first.flatMap { schema(of: $0, depth: depth + 1) }
            return element.map { typed("array", JSONValue.Member(name: "items", value: $0)) }
        case .object(let members):
            var names: Set<String> = []
            let properties = members.prefix(membersMax).compactMap { member -> JSONValue.Member? in
                guard names.insert(member.name).inserted,
                    let value = schema(of: member.value, depth: depth + 1)
                else { return nil }
                return JSONValue.Member(name: member.name, value: value)
            }
            return typed("object", JSONValue.Member(name: "properties", value: .object(properties)))
        }
    }

    private static func typed(_ type: String, _ more: JSONValue.Member...) -> JSONValue {
        .object([JSONValue.Member(name: "type", value: .string(type))] + more)
    }
}
