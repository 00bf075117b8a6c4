internal import CExpat

/// Reads the XML encoding through libexpat, which knows lines and columns.
///
/// No DTD is read and none may be inside the file, so no entity but XML's own five exists.
enum XMLReader {
    static func read(_ source: SourceText, into reading: inout PlistReader.Reading) {
        guard let parser = XML_ParserCreate(nil) else {
            let start = SourceLocation(file: source.file, line: 1, column: 1)
            reading.diagnostics.append(Diagnostic(.error, at: start, "out of memory"))
            return
        }
        defer { XML_ParserFree(parser) }
        let builder = XMLTreeBuilder(file: source.file, parser: parser)
        withExtendedLifetime(builder) {
            install(builder, in: parser)
            // Blanks before the declaration are our leniency, not XML's.
            let bytes = source.bytes
            let head = bytes.dropFirst(source.start).prefix(while: TextGrammar.isBlank)
            builder.skippedLines = head.count { $0 == UInt8(ascii: "\n") }
            let status = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[head.endIndex...])
                return XML_Parse(
                    parser, rest.baseAddress?.assumingMemoryBound(to: CChar.self),
                    Int32(rest.count), 1)
            }
            if status != XML_STATUS_OK { builder.reportFailure() }
        }
        reading.root = builder.root
        reading.diagnostics = builder.diagnostics
    }

    private static func install(_ builder: XMLTreeBuilder, in parser: XML_Parser) {
        XML_SetUserData(parser, Unmanaged.passUnretained(builder).toOpaque())
        XML_SetElementHandler(
            parser,
            { data, name, _ in XMLReader.target(data)?.startElement(XMLReader.text(name)) },
            { data, _ in XMLReader.target(data)?.endElement() })
        XML_SetCharacterDataHandler(parser) { data, characters, length in
            guard let characters else { return }
            let bytes = UnsafeBufferPointer(start: characters, count: Int(length))
            XMLReader.target(data)?.characters(bytes.lazy.map(UInt8.init(bitPattern:)))
        }
        XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, hasInternalSubset in
            if hasInternalSubset != 0 {
                XMLReader.target(data)?.stop("a DTD inside the file is not read")
            }
        }
        // With an external DTD named, expat passes over unknown entities; we do not.
        XML_SetSkippedEntityHandler(parser) { data, name, _ in
            XMLReader.target(data)?.skippedEntity(XMLReader.text(name))
        }
    }

    private static func target(_ data: UnsafeMutableRawPointer?) -> XMLTreeBuilder? {
        data.map { Unmanaged<XMLTreeBuilder>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func text(_ name: UnsafePointer<XML_Char>?) -> String {
        name.map { String(cString: $0) } ?? ""
    }
}
