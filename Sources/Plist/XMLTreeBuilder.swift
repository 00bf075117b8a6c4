internal import CExpat

/// Makes the tree of what expat reports.
final class XMLTreeBuilder {
    private(set) var root: PlistNode?
    private(set) var diagnostics: [Diagnostic] = []
    var skippedLines = 0

    private let file: String
    private let parser: XML_Parser
    private var frames: [XMLFrame] = []
    /// Open elements below one that is passed over.
    private var skipped = 0
    private var isStopped = false

    init(file: String, parser: XML_Parser) {
        self.file = file
        self.parser = parser
    }

    private var here: SourceLocation {
        SourceLocation(
            file: file, line: Int(XML_GetCurrentLineNumber(parser)) + skippedLines,
            column: Int(XML_GetCurrentColumnNumber(parser)) + 1)
    }

    private func report(_ message: String, at location: SourceLocation? = nil) {
        diagnostics.append(Diagnostic(.error, at: location ?? here, message))
        if diagnostics.count == 500 { stop("too many problems; the rest was not read") }
    }

    /// Ends reading for good.
    func stop(_ message: String) {
        guard !isStopped else { return }
        isStopped = true
        diagnostics.append(Diagnostic(.error, at: here, message))
        XML_StopParser(parser, XML_Bool(XML_FALSE))
    }

    /// What expat itself refused.
    func reportFailure() {
        guard !isStopped else { return }
        let code = XML_GetErrorCode(parser)
        let reason = XML_ErrorString(code).map { String(cString: $0) } ?? "error \(code.rawValue)"
        diagnostics.append(Diagnostic(.error, at: here, "not well-formed XML: \(reason)"))
    }

    func skippedEntity(_ name: String) {
        report("unknown entity \(Diagnostic.quote("&\(name);"))")
        if !frames.isEmpty { frames[frames.count - 1].isDamaged = true }
    }

    // MARK: Elements

    func startElement(_ name: String) {
        guard !isStopped, skipped == 0 else {
            skipped += 1
            return
        }
        if let problem = problem(with: name) {
            report(problem)
            if !frames.isEmpty {
                frames[frames.count - 1].isDamaged = true
                frames[frames.count - 1].key = nil
            }
            skipped = 1
        } else if let kind = XMLFrame.Kind(rawValue: name) {
            frames.append(XMLFrame(kind: kind, location: here))
        }
    }

    /// Why the element cannot stand here; nil where it can.
    private func problem(with name: String) -> String? {
        guard let parent = frames.last else {
            return name == "plist" ? nil : "expected <plist>, found \(Self.tag(name))"
        }
        guard parent.kind.isCollection else {
            return "\(Self.tag(name)) inside <\(parent.kind.rawValue)>"
        }
        guard let kind = XMLFrame.Kind(rawValue: name), kind != .plist else {
            return ["real", "date", "data"].contains(name)
                ? "<\(name)> has no meaning here; write a <string> or an <integer>"
                : "unknown element \(Self.tag(name))"
        }
        switch parent.kind {
        case .plist where parent.elements.count == 1: return "a second value in <plist>"
        case .dict where kind != .key && parent.key == nil:
            return "a value without a <key>"
        case .dict: break
        default: if kind == .key { return "<key> outside of a <dict>" }
        }
        // `<plist>` itself is no depth.
        let depth = frames.count - 1
        if kind == .dict || kind == .array, depth >= TextGrammar.maximumDepth {
            return "nested deeper than \(TextGrammar.maximumDepth)"
        }
        return nil
    }

    func endElement() {
        guard !isStopped, skipped == 0 else {
            skipped -= 1
            return
        }
        guard let frame = frames.popLast() else { return }
        let text = String(decoding: frame.text, as: UTF8.self)
        switch frame.kind {
        case .plist:
            root = frame.elements.first
            if let root {
                guard case .dictionary = root.content else {
                    report("the file must hold one <dict>", at: root.location)
                    self.root = nil
                    return
                }
            } else if !frame.isDamaged {
                report("<plist> is empty; it must hold one <dict>", at: frame.location)
            }
        case .key: key(text, frame)
        case .dict:
            var body = frame.body
            body.isDamaged = frame.isDamaged
            if let key = frame.key {
                report("\(Diagnostic.quote(key.text)) has no value", at: key.location)
                body.isDamaged = true
            }
            add(body.node(at: frame.location))
        case .array: add(node(.array(frame.elements), frame))
        case .string: add(node(.string(text), frame))
        case .integer: add(integer(text, frame))
        case .true: add(node(.string("YES"), frame))
        case .false: add(node(.string("NO"), frame))
        }
    }

    private func node(_ content: PlistNode.Content, _ frame: XMLFrame) -> PlistNode {
        PlistNode(content, at: frame.location, isDamaged: frame.isDamaged)
    }

    private func key(_ text: String, _ frame: XMLFrame) {
        let index = frames.count - 1
        if let key = frames[index].key {
            report("\(Diagnostic.quote(key.text)) has no value", at: key.location)
            frames[index].isDamaged = true
        }
        frames[index].key = (text, frame.location)
    }

    private func integer(_ text: String, _ frame: XMLFrame) -> PlistNode {
        let head = text.utf8.drop(while: TextGrammar.isBlank)
        let blanks = head.reversed().prefix(while: TextGrammar.isBlank).count
        let digits = String(decoding: head.dropLast(blanks), as: UTF8.self)
        guard TextGrammar.isInteger(digits) || frame.isDamaged else {
            report("\(Diagnostic.quote(digits)) is not an integer", at: frame.location)
            return PlistNode(.string(digits), at: frame.location, isDamaged: true)
        }
        return node(.string(digits), frame)
    }

    private func add(_ node: PlistNode) {
        guard let parent = frames.indices.last else { return }
        guard frames[parent].kind == .dict else {
            frames[parent].elements.append(node)
            return
        }
        guard let key = frames[parent].key else { return }
        frames[parent].key = nil
        let entry = PlistEntry(key: key.text, keyLocation: key.location, value: node)
        if let problem = frames[parent].body.add(entry) { report(problem, at: key.location) }
    }

    // MARK: Text

    func characters(_ bytes: some Sequence<UInt8>) {
        guard !isStopped, skipped == 0, let index = frames.indices.last else { return }
        switch frames[index].kind {
        case .key, .string, .integer: frames[index].text.append(contentsOf: bytes)
        default:
            guard !frames[index].hasStrayText, !bytes.allSatisfy(TextGrammar.isBlank) else {
                return
            }
            frames[index].hasStrayText = true
            frames[index].isDamaged = true
            report("text inside <\(frames[index].kind.rawValue)>")
        }
    }

    private static func tag(_ name: String) -> String {
        let quoted = Diagnostic.quote(name)
        return "<\(quoted.dropFirst().dropLast())>"
    }
}
