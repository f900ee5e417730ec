using System.Text;
using System.Xml;
using Strata.Core;

namespace Strata.EntityApi.Xml;

/// <summary>Reads elements with their contents, and counts them. For one document.</summary>
internal sealed class XmlElements(string schemaInstance, int depthMax, int nodesMax)
{
    private int nodes;

    /// <summary>The element at the reader's position; afterwards the reader is at its end.</summary>
    /// <exception cref="StrataException">It is larger than the bounds.</exception>
    public XmlValue Read(XmlReader reader, int depth = 1)
    {
        if (depth > depthMax) throw TooLarge($"nests more than {depthMax} deep");
        Count();
        var value = new XmlValue();
        ReadAttributes(reader, value);
        if (!reader.IsEmptyElement) ReadContent(reader, value, depth);
        return value;
    }

    private void ReadAttributes(XmlReader reader, XmlValue value)
    {
        while (reader.MoveToNextAttribute())
        {
            Count();
            if (reader.NamespaceURI == schemaInstance) value.IsNull |= reader.LocalName == "nil" && reader.Value is "true" or "1";
            else if (reader.NamespaceURI != "http://www.w3.org/2000/xmlns/")
                value.Add(reader.LocalName, new XmlValue { Text = reader.Value });
        }
        reader.MoveToElement();
    }

    private void ReadContent(XmlReader reader, XmlValue value, int depth)
    {
        var text = new StringBuilder();
        while (reader.Read() && reader.NodeType != XmlNodeType.EndElement)
        {
            if (reader.NodeType == XmlNodeType.Element) value.Add(reader.LocalName, Read(reader, depth + 1));
            else if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace)
                text.Append(reader.Value);
        }
        value.Text = text.ToString();
    }

    private void Count()
    {
        if (++nodes > nodesMax) throw TooLarge($"has more than {nodesMax} elements and attributes");
    }

    private static StrataException TooLarge(string what) => new Error(
        ErrorKind.Invalid, "BAD_REQUEST", $"The XML body {what}.", "Send it in parts, or as JSON.").ToException();
}
