/// One line on a terminal while a run takes its time; nothing where there is none.
struct Progress: Sendable {
    private let name: String
    private let isShown: Bool

    init(isShown: Bool, of name: String) {
        self.isShown = isShown && Console.isTerminal
        self.name = name
    }

    func show(_ answers: Int) {
        if isShown { Console.tell("\rreading the metadata of \(name): \(answers) answers") }
    }

    func clear() {
        if isShown { Console.tell("\r\u{1B}[K") }
    }
}
