using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Strata.Core;

/// <summary>
/// How Strata's own types look in JSON, in the log and on the wire: camelCase, nulls left out, enums as camelCase strings, what is unknown
/// ignored when read.
/// <para>It reads types at run time and not by source generation, because generated readers (up to .NET 10) forget the initial values of
/// <c>init</c> properties: <c>{}</c> would be read as 0 replicas where the record says <c>= 1</c>.</para>
/// </summary>
public static class WireJson
{
    public static readonly JsonSerializerOptions Options = Make();

    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = JsonGuard.DepthMax,
            RespectNullableAnnotations = true,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };
        options.MakeReadOnly();
        return options;
    }
}
