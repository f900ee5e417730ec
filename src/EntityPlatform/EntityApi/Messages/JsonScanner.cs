using System.Buffers;
using System.Text;
using System.Text.Json;
using Strata.Core;

namespace Strata.EntityApi.Messages;

/// <summary>
/// Reads a JSON object byte by byte, by the rules of <see cref="JsonGuard"/>, and determines which bytes belong to which of its members'
/// values, so that a value of any size is checked and passed on without being held. In memory are at most the names of the objects that are
/// open and one number. Not for concurrent use; it cannot be used after an error.
/// </summary>
internal sealed class JsonScanner
{
    /// <summary>Total of names in open objects, because each is held to detect duplicates.</summary>
    public const int NamesMax = 100_000;

    private const int NameBytesMax = 4 * 1024;
    private const int NumberBytesMax = 4 * 1024;

    private readonly Stack<HashSet<string>?> open = new();
    private readonly ArrayBufferWriter<byte> token = new(256);
    private readonly JsonStringCheck text = new();
    private State state = State.Start;
    private int names;

    private enum State
    {
        Start,
        Value,
        ValueOrEnd,
        NameOrEnd,
        Name,
        InName,
        NameEscape,
        Colon,
        InText,
        InNumber,
        InWord,
        Behind,
        End,
    }

    /// <summary>The error in what was read; null: none yet.</summary>
    public Error? Fault { get; private set; }

    /// <summary>The member of the outermost object whose value is read.</summary>
    public string Member { get; private set; } = "";

    public bool IsComplete => state == State.End;

    private bool IsInValue { get; set; }

    /// <summary>Takes one byte; true if it belongs to the value of <see cref="Member"/>.</summary>
    public bool Read(byte b)
    {
        if (state == State.InNumber && !IsOfNumber(b)) EndNumber();
        var was = IsInValue;
        if (Fault is null) Step(b);
        return was || IsInValue;
    }

    private void Step(byte b)
    {
        switch (state)
        {
            case State.InText: ReadText(b); break;
            case State.InName or State.NameEscape: ReadName(b); break;
            case State.InNumber: Keep(b, NumberBytesMax, "a number"); break;
            case State.InWord: ReadWord(b); break;
            default:
                if (b is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')) ReadStructure(b);
                break;
        }
    }

    private void ReadStructure(byte b)
    {
        switch (state, b)
        {
            case (State.Start, (byte)'{') or (State.Value or State.ValueOrEnd, (byte)'{'): Open(isObject: true); break;
            case (State.Value or State.ValueOrEnd, (byte)'['): Open(isObject: false); break;
            case (State.ValueOrEnd, (byte)']') or (State.NameOrEnd, (byte)'}'): Close(); break;
            case (State.Behind, (byte)']') when open.Peek() is null: Close(); break;
            case (State.Behind, (byte)'}') when open.Peek() is not null: Close(); break;
            case (State.Behind, (byte)','): state = open.Peek() is null ? State.Value : State.Name; break;
            case (State.NameOrEnd or State.Name, (byte)'"'): Begin(State.InName, b); break;
            case (State.Colon, (byte)':'): state = State.Value; break;
            case (State.Value or State.ValueOrEnd, _): BeginScalar(b); break;
            default: Fail(state == State.End ? "The body has more data after its object." : "The body is not valid JSON."); break;
        }
    }

    private void BeginScalar(byte b)
    {
        switch (b)
        {
            case (byte)'"': Begin(State.InText, b); break;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'): Begin(State.InNumber, b); break;
            case (byte)'t' or (byte)'f' or (byte)'n': Begin(State.InWord, b); break;
            default: Fail("The body is not valid JSON."); break;
        }
    }

    private void Begin(State next, byte b)
    {
        state = next;
        token.ResetWrittenCount();
        token.Write([b]);
        if (next == State.InText) text.Begin();
        if (next != State.InName) EnterValue();
    }

    private void Open(bool isObject)
    {
        if (open.Count == JsonGuard.DepthMax) { Fail($"The body is more than {JsonGuard.DepthMax} deep."); return; }
        EnterValue();
        open.Push(isObject ? new HashSet<string>(StringComparer.Ordinal) : null);
        state = isObject ? State.NameOrEnd : State.ValueOrEnd;
    }

    private void Close()
    {
        names -= open.Pop()?.Count ?? 0;
        EndValue();
    }

    private void ReadText(byte b)
    {
        switch (text.Read(b))
        {
            case JsonStringCheck.Outcome.Closed: EndValue(); break;
            case JsonStringCheck.Outcome.Faulty: Fail(
                "The body holds text that is not valid UTF-8, has a lone surrogate, NUL or a control character."); break;
        }
    }

    private void ReadName(byte b)
    {
        Keep(b, NameBytesMax, "a name");
        if (state == State.NameEscape) state = State.InName;
        else if (b == '\\') state = State.NameEscape;
        else if (b == '"') EndName();
    }

    private void EndName()
    {
        if (!JsonGuard.Check(token.WrittenSpan.ToArray()).TryGet(out var json, out var error)) { Fault = error; return; }
        var name = json.To(WireJson.Of<string>());
        if (++names > NamesMax) Fail($"The body has more than {NamesMax} names in the objects around one place.");
        if (!open.Peek()!.Add(name)) Fail("A name occurs twice in one object of the body.");
        if (open.Count == 1) Member = name;
        state = State.Colon;
    }

    private void EndNumber()
    {
        if (JsonGuard.Check(token.WrittenSpan.ToArray()).Error is { } error) Fault = error;
        EndValue();
    }

    private void ReadWord(byte b)
    {
        Keep(b, 5, "a word");
        var word = token.WrittenSpan;
        if (word.SequenceEqual("true"u8) || word.SequenceEqual("false"u8) || word.SequenceEqual("null"u8)) EndValue();
        else if (!"true"u8.StartsWith(word) && !"false"u8.StartsWith(word) && !"null"u8.StartsWith(word))
            Fail("The body is not valid JSON.");
    }

    private void EnterValue() => IsInValue |= open.Count == 1;

    private void EndValue()
    {
        if (open.Count <= 1) IsInValue = false;
        state = open.Count == 0 ? State.End : State.Behind;
    }

    private void Keep(byte b, int max, string what)
    {
        if (token.WrittenCount == max) Fail($"The body holds {what} that is longer than {max} bytes.");
        else token.Write([b]);
    }

    private void Fail(string message) =>
        Fault ??= new Error(ErrorKind.Invalid, "INVALID_JSON", message, "Send one well-formed JSON object in UTF-8.");

    private static bool IsOfNumber(byte b) =>
        b is (>= (byte)'0' and <= (byte)'9') or (byte)'-' or (byte)'+' or (byte)'.' or (byte)'e' or (byte)'E';
}
