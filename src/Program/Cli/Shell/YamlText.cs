using System.Text;
using System.Text.Json;

namespace Strata.Cli.Shell;

/// <summary>
/// Writes JSON as YAML, for people. Every string that could be read as anything else is quoted, as JSON quotes it: YAML reads that alike.
/// </summary>
internal static class YamlText
{
    public static string Write(JsonElement value)
    {
        var text = new StringBuilder();
        if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array && Count(value) > 0) Block(text, value, 0, inList: false);
        else text.Append(Scalar(value)).Append('\n');
        return text.ToString();
    }

    private static void Block(StringBuilder text, JsonElement value, int depth, bool inList)
    {
        var first = inList;
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                Indent(text, first ? 0 : depth).Append(Plain(member.Name)).Append(':');
                first = false;
                Nested(text, member.Value, member.Value.ValueKind == JsonValueKind.Array ? depth : depth + 1);
            }
            return;
        }
        foreach (var item in value.EnumerateArray())
        {
            Indent(text, first ? 0 : depth).Append("- ");
            first = false;
            if (Count(item) > 0) Block(text, item, depth + 1, inList: true);
            else text.Append(Scalar(item)).Append('\n');
        }
    }

    private static void Nested(StringBuilder text, JsonElement value, int depth)
    {
        if (Count(value) == 0)
        {
            text.Append(' ').Append(Scalar(value)).Append('\n');
            return;
        }
        text.Append('\n');
        Block(text, value, depth, inList: false);
    }

    private static StringBuilder Indent(StringBuilder text, int depth) => text.Append(' ', depth * 2);

    private static int Count(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Count(),
        JsonValueKind.Array => value.GetArrayLength(),
        _ => 0,
    };

    private static string Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "{}",
        JsonValueKind.Array => "[]",
        JsonValueKind.String => Plain(value.GetString()!),
        _ => value.GetRawText(),
    };

    private static string Plain(string text) => IsPlain(text) ? text : "\"" + JsonEncodedText.Encode(text) + "\"";

    private static bool IsPlain(string text) =>
        text.Length > 0 && char.IsAsciiLetter(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '/')
        && text.ToLowerInvariant() is not ("true" or "false" or "null" or "yes" or "no" or "on" or "off" or "y" or "n");
}
