import Testing

@testable import rtsetup

struct JSONTests {
    @Test(
        "strings are escaped as JSON wants it",
        arguments: [
            ("plain", #""plain""#),
            (#"quote " and \"#, #""quote \" and \\""#),
            ("a\tb\nc\rd", #""a\tb\nc\rd""#),
            ("bell \u{7} nul \u{0} del \u{7F}", #""bell \u0007 nul \u0000 del \u007f""#),
            ("größe 網 🙂", #""größe 網 🙂""#),
            ("\r\n", #""\r\n""#),
        ])
    func escaping(string: String, json: String) {
        #expect(JSON.string(string).text == json)
    }

    @Test("an object keeps its order and leaves out what is nil")
    func object() {
        let object = JSON.object([
            "z": .number(UInt32.max), "gone": nil, "a": .array([.null, .bool(true), .array([])]),
            "o": .object([:]),
        ])
        #expect(object.text == #"{"z":4294967295,"a":[null,true,[]],"o":{}}"#)
    }
}
