using System.Text;
using System.Text.Json;
using Strata.Core;

namespace Strata.EntityApi.Xml;

/// <summary>An element or attribute as a JSON value to be.</summary>
internal sealed class XmlValue
{
    private const string TextName = "_text";

    private OrderedDictionary<string, List<XmlValue>>? members;

    public string Text { get; set; } = "";

    public bool IsNull { get; set; }

    public void Add(string name, XmlValue value)
    {
        members ??= [];
        if (members.TryGetValue(name, out var present)) present.Add(value);
        else members[name] = [value];
    }

    public void Write(Utf8JsonWriter json)
    {
        var text = Text.Trim();
        if (IsNull) json.WriteNullValue();
        else if (members is null) WriteScalar(json, text);
        else WriteObject(json, text);
    }

    private void WriteObject(Utf8JsonWriter json, string text)
    {
        if (text.Length > 0) Add(TextName, new XmlValue { Text = text });
        json.WriteStartObject();
        foreach (var (name, values) in members!)
        {
            json.WritePropertyName(name);
            if (values.Count > 1) json.WriteStartArray();
            foreach (var value in values) value.Write(json);
            if (values.Count > 1) json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteScalar(Utf8JsonWriter json, string text)
    {
        if (text is "true" or "false") json.WriteBooleanValue(text == "true");
        else if (IsNumber(text)) json.WriteRawValue(text, skipInputValidation: true);
        else json.WriteStringValue(text);
    }

    // A number that JsonGuard would refuse stays text.
    private static bool IsNumber(string text)
    {
        if (text.Length is 0 or > JsonGuard.NumberLengthMax || (text[0] != '-' && !char.IsAsciiDigit(text[0]))) return false;
        var utf8 = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(utf8);
        try
        {
            return reader.Read() && reader.TokenType == JsonTokenType.Number && reader.ValueSpan.Length == utf8.Length
                && JsonGuard.Check(utf8).IsOk;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
