using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml;
using Strata.Core;

namespace Strata.EntityApi.Xml;

/// <summary>
/// XML bodies as the JSON that they represent. The root element's name is dropped. An element with attributes or child elements is an
/// object of them, by local name; its own text is the member <c>_text</c>. A name that occurs more than once is an array. Other elements
/// are scalars: text that is spelt as a JSON number, true or false is one, all else a string, without white space at its ends.
/// <c>xsi:nil="true"</c> is null.
/// <para>Document type definitions and external entities are refused.</para>
/// </summary>
public static class XmlDocuments
{
    /// <summary>Elements in elements; each may also be an array, and together they stay within <see cref="JsonGuard.DepthMax"/>.</summary>
    public const int DepthMax = JsonGuard.DepthMax / 2;

    /// <summary>Elements and attributes of one body, because each takes far more memory than its text.</summary>
    public const int NodesMax = 100_000;

    public const int CharactersMax = 10 * 1024 * 1024;

    private const string SchemaInstance = "http://www.w3.org/2001/XMLSchema-instance";

    private static readonly XmlReaderSettings Settings = new()
    {
        CloseInput = true,
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = CharactersMax,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    // Only so that text stays readable and short; what is written is never put into a page.
    private static readonly JsonWriterOptions Json =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 2 * JsonGuard.DepthMax };

    /// <summary>BAD_REQUEST if it is not well-formed XML within the bounds.</summary>
    public static Result<JsonText> ToJson(ReadOnlyMemory<byte> xml)
    {
        try
        {
            using var reader = XmlReader.Create(Open(xml), Settings);
            reader.MoveToContent();
            var root = new XmlElements(SchemaInstance, DepthMax, NodesMax).Read(reader);
            while (reader.Read()) { } // what follows the root must be well formed too
            var buffer = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(buffer, Json)) root.Write(writer);
            return JsonGuard.Check(buffer.WrittenMemory);
        }
        catch (XmlException e)
        {
            return NotXml($"line {e.LineNumber}, position {e.LinePosition}");
        }
        catch (Exception e) when (e is DecoderFallbackException or ArgumentException or NotSupportedException)
        {
            return NotXml("its encoding");
        }
        catch (StrataException e)
        {
            return e.Error;
        }
    }

    private static MemoryStream Open(ReadOnlyMemory<byte> xml) =>
        MemoryMarshal.TryGetArray(xml, out var part) ? new(part.Array!, part.Offset, part.Count, writable: false) : new(xml.ToArray());

    private static Error NotXml(string where) => new(
        ErrorKind.Invalid, "BAD_REQUEST", $"The body is not well-formed XML within the bounds ({where}).",
        "Send one XML document without a document type definition.");
}
